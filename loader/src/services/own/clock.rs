use crate::{
    context::{HostSide, Room},
    ffi::guard,
};
use jackfield_abi::{
    Clock, ClockObject, FfiFuture, Host, RString, abi_stable::type_level::downcasting::TD_Opaque,
};
use jiff::{Timestamp, tz::TimeZone};
use std::sync::Arc;

/// The clock as one plugin sees it.
struct Side(HostSide);

pub(super) fn object(room: &Arc<Room>) -> ClockObject {
    ClockObject::from_value(Side(HostSide(Arc::clone(room))), TD_Opaque)
}

impl Clock for Side {
    fn now_ns(&self) -> i64 {
        i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
    }

    fn monotonic_ns(&self) -> u64 {
        // The same as that of the plugin's context.
        self.0.steady_ns()
    }

    fn time_zone(&self) -> RString {
        let name = guard(|| TimeZone::system().iana_name().map(RString::from));
        name.ok().flatten().unwrap_or_default()
    }

    fn sleep(&self, duration_ns: u64) -> FfiFuture<()> {
        self.0.sleep(duration_ns)
    }
}
