//! A plugin crate that builds, tests and loads as it is written.

mod name;

use crate::{commands::Outcome, error::CommandError, output::Out};
use name::{Name, NameError};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  jackfield new greeter
  jackfield new greeter --path ~/src/greeter --sdk ~/src/jackfield/plugin-api

  cd greeter && cargo test && cargo build --release
  jackfield run --plugins target/release";

/// What the files are made from: `{{name}}` and the like stand for what the author chose.
const TEMPLATES: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("new/Cargo.toml.in")),
    ("plugin.toml", include_str!("new/plugin.toml.in")),
    ("src/lib.rs", include_str!("new/lib.rs.in")),
    ("README.md", include_str!("new/README.md.in")),
    (".gitignore", "/target\n"),
];

/// The SDK in the checkout that this host was built from.
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugin-api");

/// Write a new plugin: a crate that builds, tests and loads
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct New {
    /// Its id, which is also the name of its package
    name: String,
    /// Where to put it, instead of a directory of that name
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// The directory of the SDK (jackfield-plugin-api), instead of that of the checkout that this
    /// host was built from
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

/// Why there is no new plugin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewError {
    /// The name will not do.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The place is taken.
    #[error("{} is there already and not empty: choose another name, or another --path", .0.display())]
    Taken(PathBuf),
    /// There is no SDK.
    #[error("{} holds no jackfield-plugin-api: name its directory with --sdk", .0.display())]
    NoSdk(PathBuf),
    /// It cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl NewError {
    /// The exit code that it leads to.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Name(_) | Self::Taken(_) | Self::NoSdk(_) => 2,
            Self::Write { .. } => 1,
        }
    }
}

impl New {
    pub(crate) fn run(self) -> Result<Outcome, CommandError> {
        let name = Name::new(&self.name).map_err(NewError::from)?;
        let sdk = sdk(self.sdk.as_deref())?;
        let directory = self.path.unwrap_or_else(|| name.id.clone().into());
        create(&directory, &name, &sdk)?;
        let mut out = Out::new();
        let place = directory.display();
        out.line(format!("created {place}\n"))?;
        out.line(format!("  cd {place}"))?;
        out.line("  cargo test")?;
        out.line("  cargo build --release")?;
        out.line(format!("  jackfield check target/release/{}", name.file()))?;
        out.line("  jackfield run --plugins target/release")?;
        Ok(Outcome::Good)
    }
}

/// The SDK's directory, absolute.
fn sdk(named: Option<&Path>) -> Result<PathBuf, NewError> {
    let path = named.unwrap_or_else(|| Path::new(SDK));
    let missing = || NewError::NoSdk(path.to_owned());
    let path = path.canonicalize().map_err(|_| missing())?;
    let manifest = fs::read_to_string(path.join("Cargo.toml")).map_err(|_| missing())?;
    if manifest.contains("name = \"jackfield-plugin-api\"") {
        Ok(path)
    } else {
        Err(missing())
    }
}

fn create(directory: &Path, name: &Name, sdk: &Path) -> Result<(), NewError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| NewError::Write { path, source }
    };
    let mut entries = match fs::read_dir(directory) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(_) => return Err(NewError::Taken(directory.to_owned())),
    };
    if entries
        .as_mut()
        .is_some_and(|entries| entries.next().is_some())
    {
        return Err(NewError::Taken(directory.to_owned()));
    }
    for (file, template) in TEMPLATES {
        let path = directory.join(file);
        let parent = path.parent().unwrap_or(directory);
        fs::create_dir_all(parent).map_err(failed(parent))?;
        // Never over a file that came there meanwhile.
        File::create_new(&path)
            .and_then(|mut file| file.write_all(fill(template, name, sdk).as_bytes()))
            .map_err(failed(&path))?;
    }
    Ok(())
}

fn fill(template: &str, name: &Name, sdk: &Path) -> String {
    // Cargo takes JSON's strings; so do all paths in this form.
    let quoted = |path: &Path| serde_json::Value::from(path.to_string_lossy()).to_string();
    template
        .replace("{{name}}", &name.id)
        .replace("{{type}}", &name.type_name())
        .replace("{{file}}", &name.file())
        .replace("{{sdk}}", &quoted(sdk))
        .replace("{{testkit}}", &quoted(&sdk.join("testkit")))
}
