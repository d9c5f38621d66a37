//! Does an old plugin work in a new host, a new plugin in an old host, and is a break refused?
//!
//! The interface stands in `tests/fixtures/interface-{1.0,1.1,2.0}`: the same package as it grew and
//! as it was broken. For each there is a library built against it, and this test is a host of each.
#![expect(
    unsafe_code,
    reason = "a host maps libraries and believes what it has checked"
)]

use abi_stable::{
    StableAbi,
    library::{AbiHeaderRef, LibHeader, RootModule},
    sabi_trait::prelude::TD_Opaque,
    std_types::RString,
};
use jackfield_abi::layout::compatible;
use jackfield_tests::{Site, library};
use libloading::Library;
use std::{fs, mem::ManuallyDrop};

/// Maps a library and gives its header, or says why that cannot be read.
#[expect(
    clippy::disallowed_methods,
    reason = "this test is a loader of its own"
)]
fn header(name: &str) -> &'static LibHeader {
    // SAFETY: a fixture of this repository, whose constructors do nothing. It is never unmapped, so
    // that what points into it is good for ever.
    let library = ManuallyDrop::new(unsafe { Library::new(library(name)) }.unwrap());
    let symbol = jackfield_abi::ROOT_MODULE_SYMBOL.as_bytes();
    // SAFETY: `export_root_module` makes a static of this type under this name.
    let header = *unsafe { library.get::<AbiHeaderRef>(symbol) }.unwrap();
    header.upgrade().unwrap()
}

/// Why a host of interface `M` does not use a library.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    NoLayout,
    Layout,
}

/// The root module of a library, for a host that knows the interface as `M`.
fn open<M: RootModule>(name: &str) -> Result<M, Refusal> {
    let header = header(name);
    let layout = header.layout().ok_or(Refusal::NoLayout)?;
    compatible(<M as StableAbi>::LAYOUT, layout).map_err(|_| Refusal::Layout)?;
    // SAFETY: the layouts were compared just above.
    Ok(unsafe { header.unchecked_layout::<M>() }.unwrap())
}

struct Host;

impl interface_1_0::Host for Host {
    fn name(&self) -> RString {
        RString::from("host 1.0")
    }
}

impl interface_1_1::Host for Host {
    fn name(&self) -> RString {
        RString::from("host 1.1")
    }

    fn place(&self) -> RString {
        RString::from("home")
    }
}

fn plugin_in_1_0(name: &str) -> interface_1_0::PluginObject {
    let module = open::<interface_1_0::ModuleRef>(name).unwrap();
    module.create()(interface_1_0::HostObject::from_value(Host, TD_Opaque))
}

fn plugin_in_1_1(name: &str) -> interface_1_1::PluginObject {
    let module = open::<interface_1_1::ModuleRef>(name).unwrap();
    module.create()(interface_1_1::HostObject::from_value(Host, TD_Opaque))
}

#[test]
fn an_old_plugin_works_in_a_new_host_and_new_questions_get_their_defaults() {
    let plugin = plugin_in_1_1("interface_plugin_1_0");
    let point = interface_1_1::Point { x: 40, y: 7 };
    assert_eq!(plugin.shift(point), interface_1_1::Point { x: 41, y: 7 });
    assert_eq!(plugin.host(), "host 1.1");
    assert_eq!(plugin.step(), 1, "the default body");
    let module = open::<interface_1_1::ModuleRef>("interface_plugin_1_0").unwrap();
    assert!(
        module.made().is_none(),
        "a field that the plugin does not know"
    );
}

#[test]
fn a_new_plugin_works_in_an_old_host_and_its_new_questions_get_their_defaults() {
    let plugin = plugin_in_1_0("interface_plugin_1_1");
    let point = interface_1_0::Point { x: 40, y: 7 };
    assert_eq!(plugin.shift(point), interface_1_0::Point { x: 43, y: 7 });
    assert_eq!(
        plugin.host(),
        "host 1.0 at nowhere: the host is older than this question"
    );
}

#[test]
fn of_the_same_age_they_use_everything() {
    let plugin = plugin_in_1_1("interface_plugin_1_1");
    assert_eq!(plugin.step(), 3);
    assert_eq!(plugin.host(), "host 1.1 at home");
    let module = open::<interface_1_1::ModuleRef>("interface_plugin_1_1").unwrap();
    let made = module.made().expect("a 1.1 plugin has the field");
    let before = made();
    let _another = plugin_in_1_1("interface_plugin_1_1");
    assert!(made() > before);
    let old = plugin_in_1_0("interface_plugin_1_0");
    let point = interface_1_0::Point { x: 1, y: 2 };
    assert_eq!(old.shift(point), interface_1_0::Point { x: 2, y: 2 });
}

#[test]
fn a_change_by_value_is_refused_both_ways_although_the_versions_fit() {
    let refused = |result: Option<Refusal>| assert_eq!(result, Some(Refusal::Layout));
    refused(open::<interface_1_0::ModuleRef>("interface_plugin_2_0").err());
    refused(open::<interface_1_1::ModuleRef>("interface_plugin_2_0").err());
    refused(open::<interface_2_0::ModuleRef>("interface_plugin_1_0").err());
    refused(open::<interface_2_0::ModuleRef>("interface_plugin_1_1").err());
    assert!(open::<interface_2_0::ModuleRef>("interface_plugin_2_0").is_ok());

    let version = header("interface_plugin_2_0").version_strings();
    assert_eq!(version.version.as_str(), "1.2.0");
    let (new, old) = (
        <interface_2_0::ModuleRef as StableAbi>::LAYOUT,
        <interface_1_0::ModuleRef as StableAbi>::LAYOUT,
    );
    let mismatch = compatible(new, old).unwrap_err();
    assert!(mismatch.host_as_interface.contains("u64"), "{mismatch:?}");
    assert!(mismatch.plugin_as_interface.contains("u64"), "{mismatch:?}");
}

#[test]
fn the_library_of_abi_stable_alone_would_refuse_the_old_plugin() {
    use abi_stable::abi_stability::abi_checking::{
        CheckingGlobals, check_layout_compatibility_with_globals,
    };
    let host = <interface_1_1::ModuleRef as StableAbi>::LAYOUT;
    let plugin = header("interface_plugin_1_0").layout().unwrap();
    let check = |interface, other| {
        check_layout_compatibility_with_globals(interface, other, &CheckingGlobals::new()).is_ok()
    };
    assert!(
        !check(host, plugin),
        "the reason why `compatible` looks both ways is gone"
    );
    assert!(check(plugin, host));
}

#[test]
fn a_library_that_does_not_let_itself_be_compared_is_refused() {
    let refusal = open::<interface_1_0::ModuleRef>("interface_plugin_unchecked").err();
    assert_eq!(refusal, Some(Refusal::NoLayout));
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "this test is a loader of its own"
)]
fn a_library_that_was_checked_can_be_unmapped_and_the_next_one_checked() {
    let site = Site::new();
    for round in 0..3 {
        let copy = site.plugins().join(format!("round-{round}.so"));
        fs::copy(library("interface_plugin_1_0"), &copy).unwrap();
        // SAFETY: as in `header`; nothing of it is used after it is dropped below.
        let library = unsafe { Library::new(&copy) }.unwrap();
        let symbol = jackfield_abi::ROOT_MODULE_SYMBOL.as_bytes();
        // SAFETY: as in `header`.
        let header = *unsafe { library.get::<AbiHeaderRef>(symbol) }.unwrap();
        let layout = header.upgrade().unwrap().layout().unwrap();
        // With `abi_stable`'s process-wide globals the second round follows pointers into the first
        // round's library.
        compatible(<interface_1_0::ModuleRef as StableAbi>::LAYOUT, layout).unwrap();
        drop(library);
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        assert!(!maps.contains(copy.to_str().unwrap()), "round {round}");
    }
}
