//! The host's own services, as a plugin in a kit finds them: by the kit's clock, with the kit's files.

use crate::{
    host::KitHost,
    services::Offered,
    stage::{Stage, lock},
};
use jackfield_abi::{
    Clock, ClockObject, Config, ConfigObject, Failure, FailureCode, FfiFuture, Host, ROption,
    RResult, RStr, RString, ServiceOffer, ServiceOfferObject, Topology, TopologyObject,
    abi_stable::{StableAbi, type_layout::TypeLayout, type_level::downcasting::TD_Opaque},
    abi_version,
};
use jackfield_loader::{HOST_SERVICES, testkit::bus_of};
use serde_json::{Value, json};
use std::{ptr, sync::Arc};

/// The name of the edge that a plugin in a kit runs on.
const EDGE: &str = "testkit";

/// One of the services, made for one run of the plugin.
pub(crate) fn find(service: &str, host: KitHost) -> Option<Arc<Offered>> {
    let (_, version) = HOST_SERVICES.iter().find(|(id, _)| *id == service)?;
    let offer = match service {
        "bus" => offer(bus_of(host)),
        "clock" => offer(ClockObject::from_value(Side(host), TD_Opaque)),
        "config" => offer(ConfigObject::from_value(Side(host), TD_Opaque)),
        "storage" => offer(host.storage().into_result().ok()?),
        "topology" => offer(TopologyObject::from_value(Side(host), TD_Opaque)),
        _ => return None,
    };
    Some(Offered::of_host(service, &version.to_string(), offer))
}

/// An object that stays where it is.
struct Own<T>(T);

fn offer<T: StableAbi + Send + Sync + 'static>(object: T) -> ServiceOfferObject {
    ServiceOfferObject::from_value(Own(object), TD_Opaque)
}

impl<T: StableAbi + Send + Sync + 'static> ServiceOffer for Own<T> {
    fn layout(&self) -> &'static TypeLayout {
        <T as StableAbi>::LAYOUT
    }

    fn object(&self) -> *const () {
        ptr::from_ref(&self.0).cast()
    }
}

/// What the services lead to.
struct Side(KitHost);

impl Clock for Side {
    fn now_ns(&self) -> i64 {
        i64::try_from(self.0.stage().clock.unix_ns()).unwrap_or(i64::MAX)
    }

    fn monotonic_ns(&self) -> u64 {
        self.0.steady_ns()
    }

    fn time_zone(&self) -> RString {
        "UTC".into()
    }

    fn sleep(&self, duration_ns: u64) -> FfiFuture<()> {
        self.0.sleep(duration_ns)
    }
}

impl Config for Side {
    fn get(&self, pointer: RStr<'_>) -> RResult<ROption<RString>, Failure> {
        let text = self.0.config();
        let pointer = pointer.as_str();
        if !pointer.is_empty() && !pointer.starts_with('/') {
            let text = format!(
                "`{pointer}` is no JSON pointer: expected nothing, or `/` before each key, such as \
                 `/limits/most`"
            );
            return RResult::RErr(Failure::new(FailureCode::INVALID, text));
        }
        let config: Value = serde_json::from_str(&text).unwrap_or_default();
        let value = config.pointer(pointer).map(Value::to_string);
        RResult::ROk(value.map(RString::from).into())
    }

    fn revision(&self) -> u64 {
        *lock(&self.0.stage().revision)
    }

    fn host(&self) -> RString {
        let facts = json!({
            "edge": EDGE,
            "version": env!("CARGO_PKG_VERSION"),
            "abi": abi_version(),
            "target": jackfield_loader::HostFacts::current().target,
            "plugins": [],
        });
        facts.to_string().into()
    }
}

impl Topology for Side {
    fn edge(&self) -> RString {
        EDGE.into()
    }

    fn snapshot(&self) -> RString {
        snapshot(self.0.stage()).to_string().into()
    }
}

/// The plugin itself, which is all that there is.
fn snapshot(stage: &Stage) -> Value {
    let manifest = &stage.manifest;
    let provides = manifest
        .provides
        .iter()
        .map(|provision| json!({ "service": provision.service, "version": provision.version }));
    let plugin = json!({
        "version": manifest.version,
        "state": "running",
        "kind": manifest.kind,
        "provides": provides.collect::<Vec<_>>(),
    });
    json!({ "edges": { EDGE: { "plugins": { (manifest.id.as_str()): plugin } } } })
}
