use crate::{CallMut, Event, Failure, Health, Level, Request};
use abi_stable::{
    sabi_trait,
    std_types::{RBox, RResult, RStr, RString},
};
use async_ffi::FfiContext;

/// What a plugin gives the host: one object for each time it is created.
///
/// A method never unwinds: the plugin's own side catches a panic, reports it through
/// [`Host::panicked`](crate::Host::panicked), and returns
/// [`FailureCode::PANIC`](crate::FailureCode::PANIC). The object is dropped before its library is
/// unmapped, after every future that it returned.
#[sabi_trait]
pub trait Plugin: Send + Sync {
    /// Begins the plugin's work: afterwards it serves. `[one thread; initialized → running; once]`
    fn start(&self) -> RResult<(), Failure>;

    /// Ends the plugin's work. Called once for every plugin that was created, also when its `start`
    /// failed. After it returns the plugin runs no code of its own but its drop.
    /// `[one thread; → stopped; once]`
    fn stop(&self) -> RResult<(), Failure>;

    /// How the plugin does. May take a while; callers set a deadline. `[any thread; running]`
    fn health(&self) -> RResult<Health, Failure>;

    /// Begins to answer one request, and polls once: true when the answer is in the call, false when
    /// a future is, which will wake `context`. Several run at once. `[any thread; running]`
    ///
    /// The request is the caller's, and is lent until the call is dropped or ready; the response is
    /// the callee's, see [`Response`](crate::Response). Dropping the call cancels it. A handler must
    /// not block inside a poll for longer than a system call takes.
    fn handle<'a>(
        &'a self,
        request: &'a Request<'a>,
        call: CallMut<'_, 'a>,
        context: &mut FfiContext<'_>,
    ) -> bool;

    /// One event of a topic that the plugin subscribed to: those of one publisher in its order, one
    /// at a time for each plugin; may block. One of a quick subscription comes at once, on the
    /// publisher's thread, beside any other, and must not block. `[any thread; running]`
    fn event(&self, event: &Event<'_>) -> RResult<(), Failure>;

    /// Takes a new configuration, complete and checked as in [`Host::config`](crate::Host::config),
    /// or refuses it and goes on with the old one. `UNSUPPORTED` says that it is good, and takes
    /// effect at the next start. `[any thread, one at a time; running]`
    fn reconfigure(&self, config: RStr<'_>) -> RResult<(), Failure>;

    /// Sets the most verbose level that the plugin hands on: what is disabled costs the plugin one
    /// atomic load. `[any thread; any state]`
    fn set_log_level(&self, level: Level);

    /// Tells of itself in JSON: `routes` what it answers, `menu` what it adds to a menu. Fails with
    /// `UNSUPPORTED` where it does not know the word. May take a while. `[any thread; running]`
    #[sabi(last_prefix_field)]
    fn describe(&self, what: RStr<'_>) -> RResult<RString, Failure>;
}

/// An owned [`Plugin`].
pub type PluginObject = Plugin_TO<'static, RBox<()>>;
