use crate::{
    Failure, LogRecord, PanicReport, Reply, Request, RetainedEvent, ServiceLeaseObject,
    ServiceOfferObject, StorageObject, SubscribeOptions,
};
use abi_stable::{
    sabi_trait,
    std_types::{RBox, ROption, RResult, RSlice, RStr, RString, RVec},
    type_layout::TypeLayout,
};
use async_ffi::{BorrowingFfiFuture, FfiFuture};

/// What the host gives a plugin: one object for each time the plugin is created, and it knows whose
/// it is, so nothing that a plugin says of itself has to be believed.
///
/// A method never unwinds. The object may be used from any thread until the plugin's own object is
/// dropped; a call after that fails or does nothing.
#[sabi_trait]
pub trait Host: Send + Sync {
    /// The name under which this plugin runs. `[any thread, any state]`
    fn id(&self) -> RStr<'_>;

    /// The plugin's configuration, checked against its schema and with the defaults filled in: a
    /// JSON object, the plugin's own copy. After a [`reconfigure`](crate::Plugin::reconfigure) that
    /// was taken, the new one. `[any thread, any state]`
    fn config(&self) -> RString;

    /// A directory for the plugin's own files, absolute; made when it is first asked for, and kept
    /// between runs. `[any thread, any state]`
    fn data_dir(&self) -> RResult<RString, Failure>;

    /// The plugin's own keys and values, kept between runs. The plugin owns the object, and drops it
    /// no later than this one. It costs nothing: the file is opened when it is first used.
    /// `[any thread, any state]`
    fn storage(&self) -> RResult<StorageObject, Failure>;

    /// The most verbose level that the host wants to be given. `[any thread, any state]`
    fn log_level(&self) -> crate::Level;

    /// Takes a log record. The host copies what it keeps. `[any thread, any state]`
    fn log(&self, record: &LogRecord<'_>);

    /// Takes the report of a panic that was caught. The host copies what it keeps.
    /// `[any thread, any state]`
    fn panicked(&self, report: &PanicReport<'_>);

    /// Publishes an event: queues it for every subscriber, and calls those that are quick. It waits
    /// only for subscribers that ask for that, a second at most, and never for the plugin itself.
    /// With [`PUBLISH_RETAIN`](crate::PUBLISH_RETAIN) in `flags` it becomes its topic's last value.
    /// When it fails, nothing was published: with `INVALID` for a topic that is not dotted names or
    /// a payload that is too large, `DENIED` where the plugin may not publish there, `FULL` where
    /// nothing more can be retained, or quick subscribers are inside each other too deep, and
    /// `UNSUPPORTED` for a flag that the host does not know. `[any thread, initialized to stopping]`
    fn publish(&self, topic: RStr<'_>, payload: RSlice<'_, u8>, flags: u32)
    -> RResult<(), Failure>;

    /// Subscribes to an exact topic, `prefix.*` (one more name), `prefix.**` (any number of names,
    /// also none) or `**`; returns a number that is never reused. Events come through
    /// [`Plugin::event`](crate::Plugin::event). Fails with `INVALID` for a bad pattern or options
    /// that cannot be, `DENIED` where the plugin may not hear that, `FULL` when it has too many,
    /// `UNSUPPORTED` for options that the host does not know, and `UNAVAILABLE` once it is stopping.
    /// `[any thread, initialized to running]`
    fn subscribe(&self, pattern: RStr<'_>, options: &SubscribeOptions) -> RResult<u64, Failure>;

    /// Ends a subscription; false when there is none of that number. An event that is already on
    /// its way may still come. `[any thread, any state]`
    fn unsubscribe(&self, subscription: u64) -> bool;

    /// How many events of a subscription were dropped; `RNone` when there is none of that number.
    /// `[any thread, any state]`
    fn dropped(&self, subscription: u64) -> ROption<u64>;

    /// A topic's retained value; `RNone` when it has none. The caller frees it, through its own
    /// allocator. Fails with `INVALID` for what is no topic, `DENIED` where the plugin may not hear
    /// it. `[any thread, initialized to stopping]`
    fn last(&self, topic: RStr<'_>) -> RResult<ROption<RetainedEvent>, Failure>;

    /// Forgets a topic's retained value; false when it had none. Fails with `INVALID` for what is no
    /// topic, `DENIED` where the plugin may not publish there. `[any thread, initialized to stopping]`
    fn clear_retained(&self, topic: RStr<'_>) -> RResult<bool, Failure>;

    /// Asks another plugin, wherever it runs, into `reply`. Both are lent until the future is dropped.
    /// Fails with `NOT_FOUND` or `UNAVAILABLE` when there is no such plugin, or it does not run, with
    /// `UNSUPPORTED` for a streamed body, and with `FULL` at the end of too long a chain of requests.
    ///
    /// Dropping the future cancels the request. It is cancelled by the host, and fails with
    /// `DEADLINE`, when it has waited for as long as the extension `timeout-ms` says, or else 45 s;
    /// and one that is polled inside the poll of the plugin's answer to another, once that one's time
    /// is over.
    /// `[any thread, initialized to stopping]`
    fn request<'a>(
        &'a self,
        plugin: RStr<'a>,
        request: &'a Request<'a>,
        reply: &'a mut Reply,
    ) -> BorrowingFfiFuture<'a, ()>;

    /// Offers a typed service under an id and in a version, both as the plugin's manifest has them
    /// under `provides`, from when the plugin runs until it stops. The host owns the offer, and
    /// drops it when it has taken it back, or refuses it. Fails with `INVALID` for what the manifest
    /// does not have, or what is offered already, with `UNAVAILABLE` when the plugin is stopping.
    /// `[any thread, initialized to running]`
    fn provide(
        &self,
        service: RStr<'_>,
        version: RStr<'_>,
        offer: ServiceOfferObject,
    ) -> RResult<(), Failure>;

    /// Leases on a typed service whose version is in `range`, the preferred provider first: one, or
    /// with `all` every one, and then none is no failure. `layout` is that of the type as the caller
    /// knows it; a provider whose type does not fit is passed over. Fails with `INVALID` for what is
    /// no range, or a service that the manifest does not have under `requires`, with `NOT_FOUND`
    /// when no plugin provides it, with `UNAVAILABLE` when none that does can be used now, with
    /// `UNSUPPORTED` when a type does not fit, and with `FULL` when the plugin holds too many.
    /// `[any thread, initialized to stopping]`
    fn require(
        &self,
        service: RStr<'_>,
        range: RStr<'_>,
        layout: &'static TypeLayout,
        all: bool,
    ) -> RResult<RVec<ServiceLeaseObject>, Failure>;

    /// Runs a future on the host's executor, under a name for logs; returns the task's number. The
    /// host owns the future, and drops it when it is done, cancelled, or the plugin stops.
    /// `[any thread, initialized to running]`
    fn spawn(&self, name: RStr<'_>, task: FfiFuture<()>) -> RResult<u64, Failure>;

    /// As [`spawn`](Host::spawn), on a thread where blocking hurts nobody.
    /// `[any thread, initialized to running]`
    fn spawn_blocking(&self, name: RStr<'_>, task: FfiFuture<()>) -> RResult<u64, Failure>;

    /// Cancels a task at its next await; false when it is not there any more. It does not wait.
    /// `[any thread, any state]`
    fn cancel(&self, task: u64) -> bool;

    /// Is ready at the next time of a cron expression, and gives that time in nanoseconds since 1970
    /// in UTC; `i64::MAX`, at once, where there is none any more. `after_ns` is the time that was
    /// given last, or 0: a time does not come twice though the clock is set back a little, and what
    /// passed since is skipped. Fails with `INVALID` for an expression that is none. The plugin owns
    /// the future. `[any thread, any state]`
    fn schedule(&self, expression: RStr<'_>, after_ns: i64) -> RResult<FfiFuture<i64>, Failure>;

    /// Nanoseconds on the clock that [`sleep`](Host::sleep) goes by, from an arbitrary beginning. It
    /// never goes back, and is not that of the calendar. `[any thread, any state]`
    fn steady_ns(&self) -> u64;

    /// Is ready after that many nanoseconds. The plugin owns the future. `[any thread, any state]`
    fn sleep(&self, duration_ns: u64) -> FfiFuture<()>;

    /// What the operator says of this plugin beside its configuration, for the SDK: a JSON object.
    /// `session_ttl_ms` is how long a session may lie unused (0: for ever), `max_sessions` how many
    /// there may be; what is absent is left to the plugin. Unknown keys are to be ignored.
    /// `[any thread, any state]`
    #[sabi(last_prefix_field)]
    fn settings(&self) -> RString;
}

/// An owned [`Host`].
pub type HostObject = Host_TO<'static, RBox<()>>;
