//! Is a mistake in a manifest a compile error that names file, line and key, and does a crate that
//! forbids `unsafe` compile?

#[test]
fn export_plugin() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/export/good.rs");
    cases.compile_fail("tests/export/fail_*.rs");
}
