//! What has to hold of any input. The fuzz targets and the tests of jackfield-manifest run these.

use jackfield_manifest::{
    Manifest,
    note::{Order, read},
    readers_agree,
};

/// Any text ends in a manifest or an error, both readers give the same, and a manifest is written as
/// it was read. Says whether it is a manifest.
pub fn manifest(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else {
        return false;
    };
    assert!(readers_agree(text), "the readers do not agree");
    match Manifest::parse(text) {
        Ok((manifest, _)) => {
            let (again, _) = Manifest::parse(&manifest.to_toml()).expect("it was one");
            assert_eq!(again, manifest);
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty(), "it has no reason");
            false
        }
    }
}

/// Any bytes end in a text that stands in them, or an error. Says whether there is a text.
pub fn note(bytes: &[u8]) -> bool {
    let mut found = false;
    for align in [4, 8] {
        for order in [Order::Little, Order::Big] {
            if let Ok(Some(text)) = read(bytes, order, align) {
                let inside = bytes.as_ptr_range();
                assert!(inside.contains(&text.as_ptr()) || text.is_empty());
                found = true;
            }
        }
    }
    found
}
