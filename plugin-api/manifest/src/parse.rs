//! The embedded text, read back.

use crate::{
    Manifest, ManifestError, Warning,
    check::{Checker, Found, Path},
    checked, keys,
    problem::{Position, Problem},
    read, ui,
};

/// The longest manifest, in bytes of TOML.
pub const MAX_LEN: usize = 1 << 20;

impl Manifest {
    /// Reads the embedded text: TOML of the keys in `docs/manifest.md`, as `export_plugin!` or
    /// another tool wrote it.
    ///
    /// The time that it takes grows in a straight line with the text, whatever the text.
    ///
    /// # Errors
    ///
    /// [`ManifestError`] when the text is longer than [`MAX_LEN`], holds a NUL, is not TOML, or
    /// says something that a manifest cannot say. A key that this version does not know is no
    /// error but a [`Warning`].
    pub fn parse(text: &str) -> Result<(Self, Vec<Warning>), ManifestError> {
        if text.len() > MAX_LEN {
            return Err(ManifestError::TooLong(text.len()));
        }
        let mut table = read::read(text)?;
        table.ready();
        let mut checker = Checker::default();
        let build = checked::build(&mut checker, table.take("build"));
        let known = build.is_some();
        let build = build.unwrap_or_else(unknown_build);
        let manifest = checked::manifest(&mut checker, &mut table, build);
        let config_schema = table
            .take("config_schema")
            .and_then(|entry| checker.string(Path::top("config_schema"), entry.node));
        let ui_module = ui::module::embedded(&mut checker, table.take("ui_module"));
        checker.leftover("", table, &[keys::EMBEDDED, keys::PLUGIN]);
        match manifest {
            Some(mut manifest) if checker.found.is_empty() && known => {
                manifest.config_schema = config_schema.map(std::borrow::Cow::into_owned);
                manifest.ui_module = ui_module;
                Ok((manifest, warnings(checker)))
            }
            _ => Err(ManifestError::Invalid(problems(text, checker.found))),
        }
    }
}

/// Stands in for what is missing while the rest is looked at.
pub(crate) fn unknown_build() -> crate::Build {
    let none = semver::Version::new(0, 0, 0);
    crate::Build {
        abi: none.clone(),
        target: String::new(),
        rustc: String::new(),
        panic: crate::Panic::Unwind,
        sdk: none,
    }
}

fn warnings(mut checker: Checker) -> Vec<Warning> {
    checker.unknown.sort_by_key(|unknown| unknown.at);
    let unknown = checker.unknown.into_iter();
    unknown
        .map(|unknown| Warning::UnknownKey { key: unknown.key })
        .collect()
}

/// In the order of the text, with line and column.
pub(crate) fn problems(text: &str, mut found: Vec<Found>) -> Vec<Problem> {
    found.sort_by_key(|found| found.at);
    let place = |found: &Found| {
        (!found.is_nowhere()).then(|| Position::of(text, usize::try_from(found.at).unwrap_or(0)))
    };
    found
        .into_iter()
        .map(|found| Problem {
            position: place(&found),
            key: found.key,
            fault: found.fault,
        })
        .collect()
}
