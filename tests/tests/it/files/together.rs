//! Does a host that finds every kind of bad file beside good plugins run those, and say of each of
//! the others what is wrong?

use super::{elf_header, macho, pe};
use jackfield_loader::{Code, Loader, Options, Request, State};
use jackfield_tests::{Site, made};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
    process::Command,
    time::Duration,
};

/// Every kind of bad file; those that hold a note, or may have held one, with the code that they get.
/// The others are no plugins, and passed over.
fn spoil(dir: &Path) -> BTreeMap<&'static str, Code> {
    let good = made::plugin(dir, "good.so", "greeter");
    let bytes = fs::read(&good).unwrap();
    fs::remove_file(good).unwrap();
    let mut expected = BTreeMap::new();
    let mut bad = |name, bytes: &[u8], code: Option<Code>| {
        fs::write(dir.join(name), bytes).unwrap();
        expected.extend(code.map(|code| (name, code)));
    };
    bad("cut.so", &bytes[..bytes.len() / 2], Some(Code::Truncated));
    bad("empty.so", b"", Some(Code::Truncated));
    bad("text.so", b"INPUT(-lfoo)\n", None);
    bad("narrow.so", &elf_header(false, false, 3), None);
    bad("big.so", &elf_header(true, true, 22), None);
    let note = made::note(1, made::manifest("foreign", "1.0.0").as_bytes());
    bad("windows.so", &pe(&note), Some(Code::WrongTarget));
    bad("macos.so", &macho(&note), Some(Code::WrongTarget));
    let mut other = bytes.clone();
    other[18] = 183;
    bad("aarch64.so", &other, Some(Code::WrongTarget));
    let mut flipped = bytes;
    // Where the program headers begin.
    flipped[39] ^= 0x40;
    bad("flipped.so", &flipped, Some(Code::Truncated));
    let made = Command::new("mkfifo").arg(dir.join("fifo.so")).status();
    assert!(made.unwrap().success());
    fs::create_dir(dir.join("directory.so")).unwrap();
    symlink("nowhere", dir.join("dangling.so")).unwrap();
    UnixListener::bind(dir.join("socket.so")).unwrap();
    expected
}

#[test]
fn every_bad_file_is_left_out_and_every_good_one_runs() {
    let site = Site::new();
    site.add("echo");
    site.add("minimal");
    let expected = spoil(&site.plugins());
    let loader = Loader::open(Options::new(site.plugins(), site.state())).unwrap();
    loader.start();
    for id in ["echo", "minimal-0000"] {
        assert_eq!(loader.status(id).unwrap().state, State::Running);
    }
    let left_out = loader.left_out();
    let found: BTreeMap<&str, Code> = left_out
        .iter()
        .map(|rejected| {
            let name = rejected.path.file_name().unwrap().to_str().unwrap();
            (name, rejected.reasons[0].code)
        })
        .collect();
    assert_eq!(found, expected);
    let echo = loader.plugin("echo").unwrap();
    let answer = pollster::block_on(echo.request(&Request::new("GET", "/quick/x")));
    assert_eq!(answer.unwrap().status(), 200);
    drop(echo);
    assert_eq!(loader.stop(Duration::from_secs(30)).failed, []);
}
