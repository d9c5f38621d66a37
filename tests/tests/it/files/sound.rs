//! Is every library that this system and the Rust toolchain use taken for sound?

use jackfield_loader::{Candidate, Code, Depth, inspect};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Libraries that are sound and refused all the same, by a part of their name: linked with `-init`,
/// they begin with another function than section `.init`, which no plugin does.
const EXCEPTIONS: [&str; 1] = ["libnuma.so"];

fn libraries(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_link = path.is_symlink();
        if !is_link && path.is_dir() {
            libraries(&path, found);
        } else if !is_link && path.to_string_lossy().contains(".so") {
            found.push(path);
        }
    }
}

#[test]
fn nothing_sound_is_called_damaged() {
    let mut found = Vec::new();
    let test = std::env::current_exe().unwrap();
    libraries(Path::new("/usr/lib"), &mut found);
    libraries(test.parent().unwrap(), &mut found);
    let mut looked_at = 0;
    let mut wrong = Vec::new();
    for path in found {
        let Ok(candidate) = Candidate::at(&path) else {
            continue;
        };
        let (_, inspection) = inspect(&candidate, Depth::Full);
        let is_library = inspection
            .reasons
            .iter()
            .all(|reason| reason.message.starts_with("holds no Jackfield note"));
        looked_at += usize::from(is_library);
        let excepted = EXCEPTIONS
            .iter()
            .any(|part| path.to_string_lossy().contains(part));
        let damaged = inspection
            .reasons
            .iter()
            .find(|r| r.code == Code::Truncated);
        if let Some(reason) = damaged.filter(|_| !excepted) {
            wrong.push(format!("{}: {}", path.display(), reason.message));
        }
    }
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
    assert!(looked_at > 0, "there is no library at all here");
}
