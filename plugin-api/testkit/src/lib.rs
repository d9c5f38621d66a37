//! Tests of Jackfield plugins without a host.
//!
//! [`Testkit`] creates a plugin by the function that a host calls, and is a host to it: it checks the
//! configuration against the manifest, runs tasks, hands out events and requests, stores keys and
//! values. It is a dev-dependency of the plugin; a test in the plugin's crate says:
//!
//! ```
//! # // A doc test is no package, so it has no `plugin.toml` beside its `Cargo.toml`.
//! # macro_rules! export_plugin {
//! #     ($plugin:ty) => { plugin_api::export_plugin!($plugin, "src/doc.toml"); };
//! # }
//! # use plugin_api::prelude::*;
//! # use std::time::Duration;
//! # #[derive(Deserialize)]
//! # struct Config { greeting: String }
//! # struct Greeter { context: Context, config: Config }
//! # impl Plugin for Greeter {
//! #     type Config = Config;
//! #     fn initialize(context: Context, config: Config) -> Result<Self> {
//! #         Ok(Self { context, config })
//! #     }
//! #     fn start(&self) -> Result<()> {
//! #         let context = self.context.clone();
//! #         self.context.spawn("wave", async move {
//! #             context.sleep(Duration::from_secs(3600)).await;
//! #             log::info!("an hour has passed");
//! #         })?;
//! #         Ok(())
//! #     }
//! #     fn routes(routes: &mut Routes<Self>) {
//! #         routes.get("/greet/{name}", Self::greet);
//! #     }
//! # }
//! # impl Greeter {
//! #     async fn greet(&self, request: Request<'_>) -> Result<Response> {
//! #         let text = format!("{}, {}!", self.config.greeting, request.param("name")?);
//! #         self.context.publish("greeter.greeted", &text)?;
//! #         Ok(Response::text(text))
//! #     }
//! # }
//! # export_plugin!(Greeter);
//! use plugin_api::serde_json::json;
//! use testkit::Testkit;
//!
//! # fn main() -> Result<()> {
//! let kit = Testkit::<Greeter>::builder()
//!     .config(json!({ "greeting": "Salut" }))
//!     .start()?;
//! let answer = kit.get("/greet/Ada")?;
//! assert_eq!((answer.status(), answer.body()), (200, &b"Salut, Ada!"[..]));
//! assert_eq!(kit.published()[0].topic, "greeter.greeted");
//! kit.advance(Duration::from_secs(3600));
//! assert_eq!(kit.logs()[0].message, "an hour has passed");
//! kit.stop()?;
//! # Ok(())
//! # }
//! ```
//!
//! | what | how |
//! |---|---|
//! | the plugin's life | [`Builder::create`], [`Testkit::start`], [`stop`](Testkit::stop), [`restart`](Testkit::restart), [`reconfigure`](Testkit::reconfigure), [`health`](Testkit::health) |
//! | the clock | [`advance`](Testkit::advance): for sleeps, intervals, timeouts, schedules (in UTC) and the times of events |
//! | requests to it | [`get`](Testkit::get), [`post`](Testkit::post), [`request`](Testkit::request), [`send`](Testkit::send) |
//! | bodies in parts | [`Ask::part`], [`Sent::parts`], [`Sent::ended`] |
//! | requests for others, where it has hooks | [`Ask::before`], [`Ask::after`] |
//! | sessions | [`Builder::session_ttl`], [`Builder::max_sessions`] |
//! | what it tells of itself | [`describe`](Testkit::describe) |
//! | others that it asks | [`answer`](Testkit::answer), [`asked`](Testkit::asked) |
//! | typed services | [`provide`](Testkit::provide), [`service`](Testkit::service) |
//! | events | [`publish`](Testkit::publish), [`published`](Testkit::published) |
//! | what it keeps | [`stored`](Testkit::stored), [`store`](Testkit::store), [`data_dir`](Testkit::data_dir), [`storage_fails`](Testkit::storage_fails) |
//! | what it says | [`logs`](Testkit::logs), [`panics`](Testkit::panics) |
//!
//! What is the kit's own and not a host's: there are no deadlines but the
//! [`patience`](Builder::patience), a request that waits is cancelled when the plugin stops, and time
//! that the plugin takes from [`Instant`](std::time::Instant) or [`SystemTime`](std::time::SystemTime)
//! is not the kit's. Permissions are enforced where the test says so
//! ([`permissions`](Builder::permissions)), and all that the manifest asks for is granted. What the
//! test publishes as the host is handed to a quick subscription at once, which a host queues. A publisher
//! never waits for room in a queue: what would is dropped.
#![forbid(unsafe_code)]

mod builder;
mod bus;
mod clock;
mod host;
mod inside;
mod kept;
mod kit;
mod message;
mod own;
mod run;
mod sent;
mod services;
mod stage;
mod storage;
mod stream;
mod tasks;

pub use builder::Builder;
pub use jackfield_loader::Reconfigured;
pub use kept::{Logged, MOST_KEPT, Panicked, Published};
pub use kit::Testkit;
pub use message::{Ask, Asked};
pub use sent::Sent;
pub use storage::StorageFault;
