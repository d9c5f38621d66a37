//! Does a text that was made to hurt end in an error, and soon?

use jackfield_manifest::{Manifest, ManifestError, readers_agree};

/// The header of a manifest, so that the rest of it is reached.
const HEAD: &str = "id = \"a\"\nversion = \"1.0.0\"\n";

fn refused(text: &str) -> String {
    assert!(readers_agree(text));
    Manifest::parse(text)
        .expect_err("it is hostile")
        .to_string()
}

#[test]
fn deep_nesting_is_no_stack_overflow() {
    for (open, close) in [("[", "]"), ("{ a = ", " }"), ("[", ""), ("{ a = ", "")] {
        let nested = |deep| format!("{HEAD}x = {}1{}", open.repeat(deep), close.repeat(deep));
        assert!(refused(&nested(5000)).starts_with("the manifest is not TOML: line 3, "));
        assert_eq!(
            refused(&nested(100_000)),
            "the manifest has more than 65536 tokens"
        );
    }
}

#[test]
fn deep_keys_are_no_stack_overflow() {
    let deep = "a.".repeat(30_000);
    for text in [format!("{HEAD}{deep}a = 1"), format!("{HEAD}[{deep}a]")] {
        assert!(refused(&text).ends_with("recursion limit"));
    }
}

#[test]
fn only_the_first_of_many_problems_are_told() {
    let text = format!("after = [{}]\n", "1,".repeat(4000));
    assert!(refused(&text).split("; ").count() <= 64);
}

#[test]
fn a_text_over_the_limit_is_not_looked_at() {
    let text = "#".repeat((1 << 20) + 1);
    assert_eq!(
        Manifest::parse(&text),
        Err(ManifestError::TooLong(text.len()))
    );
    assert_eq!(
        refused(&text),
        "the manifest has 1048577 bytes, expected at most 1048576"
    );
}
