use std::{
    any::Any,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Calls host code on behalf of a plugin, or polls something of a plugin, and turns a panic into
/// its text: the one place in the loader that catches.
///
/// A panic inside a plugin's own code never comes this far, because it cannot be caught from
/// another image; the plugin's SDK catches it. This is for the host's own mistakes, and for a
/// future that says `Panicked`.
pub(crate) fn guard<R>(body: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(text)
}

#[cold]
fn text(payload: Box<dyn Any + Send>) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic whose payload is no text".to_owned());
    // A payload whose drop panics as well is leaked rather than let out.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        let _leaked = ManuallyDrop::new(second);
    }
    text
}
