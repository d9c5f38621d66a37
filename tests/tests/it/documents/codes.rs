//! Is every reason for which a plugin is left out told to authors, and no other?

use super::rows;
use jackfield_loader::Code;

const CODES: [Code; 17] = [
    Code::NotAPlugin,
    Code::Truncated,
    Code::NotARegularFile,
    Code::WrongTarget,
    Code::InvalidManifest,
    Code::IncompatibleAbi,
    Code::PanicAbort,
    Code::DuplicateId,
    Code::Superseded,
    Code::Disabled,
    Code::MissingDependency,
    Code::VersionMismatch,
    Code::Cycle,
    Code::DependencyFailed,
    Code::InvalidConfig,
    Code::Untrusted,
    Code::Quarantined,
];

#[test]
fn the_list_is_that_of_the_code() {
    let listed: Vec<String> = rows("docs/authors.md", "## When it does not start")
        .iter()
        .flat_map(|row| row[0].split(", "))
        .map(|code| code.trim_matches('`').to_owned())
        .collect();
    assert_eq!(listed, CODES.map(|code| code.as_str().to_owned()));
    // Fails to compile when there is one more.
    for code in CODES {
        match code {
            Code::NotAPlugin
            | Code::Truncated
            | Code::NotARegularFile
            | Code::WrongTarget
            | Code::InvalidManifest
            | Code::IncompatibleAbi
            | Code::PanicAbort
            | Code::DuplicateId
            | Code::Superseded
            | Code::Disabled
            | Code::MissingDependency
            | Code::VersionMismatch
            | Code::Cycle
            | Code::DependencyFailed
            | Code::InvalidConfig
            | Code::Untrusted
            | Code::Quarantined => {}
        }
    }
}
