//! `plugin.toml`, as an author writes it: read, checked, completed from Cargo, its schema inlined.
//!
//! All mistakes of a file are reported at once, each with its place. What comes out is the embedded
//! text without its first line, which only the plugin's own compilation knows.

mod flat;
mod nearest;
mod schema;

use crate::{
    Manifest, Problem,
    check::{Checker, MOST_REPORTED, Path as Key, Unknown},
    checked, keys, parse,
    problem::{Fault, Position},
    read,
    tree::{Entry, NOWHERE, Node, Table, Value, shortened},
    ui,
};
use std::{borrow::Cow, fmt, io};

/// What Cargo says of the package: what `plugin.toml` need not repeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// `CARGO_PKG_NAME`.
    pub name: String,
    /// `CARGO_PKG_VERSION`.
    pub version: String,
    /// `CARGO_PKG_DESCRIPTION`; empty when there is none.
    pub description: String,
    /// `CARGO_PKG_AUTHORS`: names with `:` between them.
    pub authors: String,
    /// `CARGO_PKG_LICENSE`; empty when there is none.
    pub license: String,
}

/// A `plugin.toml` without mistakes.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// What it says. Its `build` is a placeholder.
    pub manifest: Manifest,
    /// The embedded text without its first line, `build`.
    pub body: String,
    /// Other files that went into it, as `plugin.toml` names them.
    pub files: Vec<String>,
    /// The text of the module that goes into the library beside the manifest.
    pub module: Option<String>,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file that it is in, as the author names it.
    pub file: String,
    /// Where; `None` where it stands nowhere.
    pub position: Option<Position>,
    /// Key, expected, found.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{}:{position}: {}", self.file, self.text),
            None => write!(f, "{}: {}", self.file, self.text),
        }
    }
}

/// Compiles a `plugin.toml`. `file` is its name for messages, and `open` reads a file that it names.
///
/// # Errors
///
/// Every mistake in it and in the files that it names; never an empty list.
pub fn compile(
    file: &str,
    text: &str,
    package: &Package,
    open: &mut dyn FnMut(&str) -> io::Result<String>,
) -> Result<Compiled, Vec<Mistake>> {
    if let Some(mistake) = unreadable(file, text) {
        return Err(vec![mistake]);
    }
    let (mut table, errors) = read::read_recovering(text);
    if !errors.is_empty() {
        let mistakes = errors.into_iter().take(MOST_REPORTED).map(|error| Mistake {
            file: file.to_owned(),
            position: Some(error.position),
            text: error.message,
        });
        return Err(mistakes.collect());
    }
    complete(&mut table, package);
    let mut source = Source {
        open,
        checker: Checker::default(),
        files: Vec::new(),
        others: Vec::new(),
    };
    let schema = source.schema(&mut table);
    let module = table
        .take("ui_module")
        .and_then(|entry| source.module(entry));
    let manifest = checked::manifest(&mut source.checker, &mut table, parse::unknown_build());
    source.checker.leftover("", table, &[keys::PLUGIN]);
    let mistakes = source.mistakes(file, text);
    match manifest {
        Some(mut manifest) if mistakes.is_empty() => {
            manifest.config_schema = schema;
            let (told, text) = module.unzip();
            manifest.ui_module = told;
            embeddable(file, manifest, source.files, text)
        }
        _ => Err(mistakes),
    }
}

/// What keeps a text from being looked at at all.
fn unreadable(file: &str, text: &str) -> Option<Mistake> {
    let error = if text.len() > crate::MAX_LEN {
        crate::ManifestError::TooLong(text.len())
    } else {
        let at = text.bytes().position(|byte| byte == 0)?;
        crate::ManifestError::Nul { at }
    };
    Some(Mistake {
        file: file.to_owned(),
        position: None,
        text: error.to_string(),
    })
}

/// Reads the text back as a host will: nothing is embedded that a host would refuse.
fn embeddable(
    file: &str,
    manifest: Manifest,
    files: Vec<String>,
    module: Option<String>,
) -> Result<Compiled, Vec<Mistake>> {
    /// More than the first line, `build`, ever takes.
    const BUILD_LINE: usize = 1024;
    let body = manifest.body();
    let refused = if body.len() + BUILD_LINE > crate::MAX_LEN {
        Some(crate::ManifestError::TooLong(body.len()))
    } else {
        Manifest::parse(&manifest.to_toml()).err()
    };
    match refused {
        None => Ok(Compiled {
            manifest,
            body,
            files,
            module,
        }),
        Some(error) => Err(vec![Mistake {
            file: file.to_owned(),
            position: None,
            text: error.to_string(),
        }]),
    }
}

/// Puts in what Cargo knows and the author did not say.
fn complete<'a>(table: &mut Table<'a>, package: &'a Package) {
    let defaults = [
        ("id", &package.name),
        ("version", &package.version),
        ("description", &package.description),
        ("license", &package.license),
    ];
    for (key, text) in defaults {
        if !text.is_empty() && !table.has(key) {
            // Cargo allows line ends in a description, a manifest does not.
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            table.0.push(default(key, Value::String(Cow::Owned(text))));
        }
    }
    if !package.authors.is_empty() && !table.has("authors") {
        let authors = package.authors.split(':').map(|author| Node {
            at: NOWHERE,
            value: Value::String(Cow::Borrowed(author)),
        });
        table
            .0
            .push(default("authors", Value::Array(authors.collect())));
    }
}

fn default<'a>(key: &'static str, value: Value<'a>) -> Entry<'a> {
    let at = NOWHERE;
    Entry {
        key: Cow::Borrowed(key),
        at,
        node: Node { at, value },
    }
}

struct Source<'o> {
    open: &'o mut dyn FnMut(&str) -> io::Result<String>,
    checker: Checker,
    files: Vec<String>,
    /// Mistakes in other files than `plugin.toml`.
    others: Vec<Mistake>,
}

impl Source<'_> {
    /// The configuration's schema as JSON text, from either form.
    fn schema(&mut self, table: &mut Table<'_>) -> Option<String> {
        let schema = match (table.take("config_schema"), table.take("config")) {
            (None, None) => return None,
            (Some(entry), None) => self.schema_file(entry)?,
            (None, Some(entry)) => flat::schema(&mut self.checker, entry.node)?,
            (Some(_), Some(entry)) => {
                let expected = "one of `config` and `config_schema`";
                self.checker.wrong("config", entry.at, expected, "both");
                return None;
            }
        };
        // So that it fits into a literal string, which has no escapes and costs nothing to read.
        let text = schema.to_string();
        Some(text.replace('\'', "\\u0027").replace('\u{7f}', "\\u007f"))
    }

    fn schema_file(&mut self, entry: Entry<'_>) -> Option<serde_json::Value> {
        let key = Key::top("config_schema");
        let at = entry.node.at;
        let name = self.checker.string(key, entry.node)?.into_owned();
        let text = (self.open)(&name);
        let text = text
            .map_err(|error| {
                let found = format!("{:?} ({error})", shortened(&name));
                let expected = "the path of a JSON file, from where plugin.toml lies";
                self.checker.wrong(key, at, expected, found);
            })
            .ok()?;
        let schema = schema::check(&name, &text);
        self.files.push(name);
        schema.map_err(|mistakes| self.others.extend(mistakes)).ok()
    }

    /// What the manifest tells of the module, and its text.
    fn module(&mut self, entry: Entry<'_>) -> Option<(ui::Module, String)> {
        let key = Key::top("ui_module");
        let at = entry.node.at;
        let name = self.checker.string(key, entry.node)?.into_owned();
        let mut wrong = |expected: &str, found: String| {
            self.checker.wrong(key, at, expected, found);
            None
        };
        if !ui::module::source::is_below(&name) {
            let expected = "a path below the folder of plugin.toml, such as \"ui/module.js\"";
            return wrong(expected, format!("{:?}", shortened(&name)));
        }
        let text = match (self.open)(&name) {
            Ok(text) => text,
            Err(error) => {
                let expected =
                    "the path of a JavaScript file in UTF-8, from where plugin.toml lies";
                return wrong(expected, format!("{:?} ({error})", shortened(&name)));
            }
        };
        self.files.push(name);
        match ui::module::source::of(&text) {
            Ok(module) => Some((module, text)),
            Err((expected, found)) => wrong(&expected, found),
        }
    }

    fn mistakes(&mut self, file: &str, text: &str) -> Vec<Mistake> {
        let unknown = std::mem::take(&mut self.checker.unknown);
        let mut found = std::mem::take(&mut self.checker.found);
        found.extend(unknown.into_iter().map(unknown_key));
        let problems = parse::problems(text, found);
        let mistakes = problems.into_iter().map(|problem| Mistake {
            file: file.to_owned(),
            position: problem.position,
            text: described(&problem),
        });
        mistakes.chain(std::mem::take(&mut self.others)).collect()
    }
}

fn unknown_key(unknown: Unknown) -> crate::check::Found {
    crate::check::Found {
        fault: Fault::Unknown {
            nearest: nearest::nearest(&unknown.name, &unknown.known),
        },
        key: unknown.key,
        at: unknown.at,
    }
}

fn described(problem: &Problem) -> String {
    let from_cargo = problem.position.is_none() && !matches!(problem.fault, Fault::Missing { .. });
    if from_cargo {
        format!("{problem} (taken from Cargo.toml)")
    } else {
        problem.to_string()
    }
}
