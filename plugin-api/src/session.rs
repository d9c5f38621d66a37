mod closed;
mod context;
mod ended;
mod entered;
mod id;
mod limits;
mod plain;
mod routes;
mod sessions;
mod sweep;
mod table;

pub use context::SessionContext;
pub use id::SessionId;

pub(crate) use plain::Plain;
pub(crate) use routes::{SessionRoute, Standard};
pub(crate) use sessions::Sessions;

use crate::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::time::Duration;

/// What a plugin keeps for one client, from `POST /register_session` until the client ends it
/// (`POST /unregister_session/{sid}`), does not use it for a while, or the plugin stops.
///
/// Its routes are declared with [`Routes::session_get`](crate::Routes::session_get) and the like; a
/// plugin has sessions of one type. Methods are called from any thread, several at once.
///
/// ```
/// use plugin_api::{NoArguments, SessionContext, prelude::*};
/// # struct Shop;
///
/// struct Basket {
///     context: SessionContext<Shop>,
/// }
///
/// impl Session for Basket {
///     type Plugin = Shop;
///     type Arguments = NoArguments;
///
///     fn new(context: SessionContext<Shop>, _arguments: NoArguments) -> Result<Self> {
///         Ok(Self { context })
///     }
///
///     fn context(&self) -> &SessionContext<Shop> {
///         &self.context
///     }
/// }
///
/// impl Basket {
///     async fn put(&self, Path(item): Path<u64>) -> Result<()> {
///         self.notify("basket_filled", &item)
///     }
/// }
///
/// fn routes(routes: &mut Routes<Shop>) {
///     routes.session_post("/put/{sid}/{item}", Basket::put);
/// }
/// ```
pub trait Session: Send + Sync + Sized + 'static {
    /// The plugin that has these sessions.
    type Plugin: Send + Sync + 'static;

    /// What a client says when it registers: a JSON object. [`NoArguments`] for nothing.
    type Arguments: DeserializeOwned + JsonSchema + Send + 'static;

    /// How long a session may lie unused before it ends; zero is for ever. An operator may say
    /// otherwise. A call that is under way keeps it.
    const TTL: Duration = Duration::from_secs(3600);

    /// How many there may be at once. An operator may say otherwise.
    const MOST: usize = 10_000;

    /// Makes one. May block.
    ///
    /// # Errors
    ///
    /// Anything: the client gets it, and there is no session.
    fn new(context: SessionContext<Self::Plugin>, arguments: Self::Arguments) -> Result<Self>;

    /// What [`new`](Self::new) was given.
    fn context(&self) -> &SessionContext<Self::Plugin>;

    /// What the client that registers gets beside `sid`. Called once, after [`new`](Self::new); may
    /// block.
    ///
    /// # Errors
    ///
    /// Anything: the session is closed, and the client gets the error.
    fn registered(&self) -> Result<Map<String, Value>> {
        Ok(Map::new())
    }

    /// Ends it: once, when no call is under way any more and no other comes, and before the plugin's
    /// `stop`. May block.
    fn close(&self) {}

    /// Its id, which the client knows it by.
    fn id(&self) -> SessionId {
        self.context().id()
    }

    /// Tells those who listen to the host of something, in this session's name.
    ///
    /// # Errors
    ///
    /// Those of [`Context::notify`](crate::Context::notify).
    fn notify(&self, topic: &str, data: &impl Serialize) -> Result<()> {
        self.context().notify(topic, data)
    }
}

/// The arguments of a [`Session`] that takes none. What a client says all the same is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
pub struct NoArguments {}
