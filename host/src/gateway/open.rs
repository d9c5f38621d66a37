//! The gateway of one host, from when it listens until it does not.

use super::{
    access::{Audit, Gate, Tls, TlsError},
    api::{self, Own},
    body,
    events::{Feed, FeedError},
    front::Front,
    listen::{ConnectionLimits, ListenError, Listening},
    modules::Modules,
    mounts::PluginLimits,
    openapi::Kept,
    service::Service,
};
use crate::{client::Place, config::Config, control::Desk, error::chain};
use jackfield_loader::Loader;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant, SystemTime},
};
use tokio::runtime::{Handle, Runtime};

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatewayError {
    /// It cannot be reached.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// It cannot speak TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It cannot tell of what happens.
    #[error("cannot tell of what happens")]
    Feed(#[from] FeedError),
}

/// A host's plugins on HTTP.
pub(crate) struct Gateway {
    own: Arc<Own>,
    listening: Listening,
    _feed: Feed,
    /// Where it says that it listens.
    _place: Option<Place>,
}

impl Gateway {
    /// Listens as the configuration says.
    ///
    /// # Errors
    ///
    /// [`GatewayError`]; it listens nowhere then.
    pub(crate) fn open(
        config: &Config,
        loader: &Arc<Loader>,
        desk: &Arc<Desk>,
        audit: Arc<Audit>,
        runtime: &Runtime,
    ) -> Result<Self, GatewayError> {
        let http = &config.http;
        let tls = http.tls.as_ref();
        let tls = tls
            .map(|files| Tls::open(files, config.trust))
            .transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let front = Arc::new(Front::new(
            Arc::clone(loader),
            scheme,
            runtime.handle().clone(),
            config.options().edge,
            Gate::new(http, &config.state, audit),
            body::Limits {
                length: api::MAX_BODY,
                between: http.body_deadline,
                all: http.request_deadline,
            },
            limits(config, loader),
        ));
        let own = Arc::new(Own {
            front: Arc::clone(&front),
            desk: Arc::clone(desk),
            began: Instant::now(),
            since: SystemTime::now(),
            is_ready: AtomicBool::new(false),
            openapi: Kept::default(),
            modules: Modules::default(),
        });
        let feed = Feed::begin(&own, runtime.handle().clone())?;
        let service = Service {
            front,
            own: Arc::clone(&own),
            router: api::router(Arc::clone(&own)),
        };
        let limits = ConnectionLimits {
            connections: http.max_connections,
            headers: http.header_deadline,
            header_bytes: http.max_header,
            write: http.write_deadline,
        };
        let listening = Listening::open(runtime.handle(), &http.listen, service, limits, tls)?;
        let place = Place::say(&config.state, scheme, listening.addresses())
            .inspect_err(|error| {
                log::error!(
                    "commands cannot find where this host listens: {}",
                    chain(error)
                );
            })
            .ok();
        Ok(Self {
            own,
            listening,
            _feed: feed,
            _place: place,
        })
    }

    /// Where it listens.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        self.listening.addresses()
    }

    /// `http`, or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        self.own.front.scheme
    }

    /// To be called once the plan has been carried out.
    pub(crate) fn when_ready(&self, runtime: Handle) -> impl FnOnce() + Send + use<> {
        let own = Arc::clone(&self.own);
        move || {
            // A host that is ready has everybody asked who wants to be. What changes from now on is seen
            // by who hears of it.
            own.front.chain.refresh(&own.front, &runtime);
            own.ready();
        }
    }

    /// Takes no more requests, and gives those that are under way so long to end.
    pub(crate) fn close(self, runtime: &Runtime, limit: Duration) {
        let front = &self.own.front;
        front.hub.close();
        front.mounts.end_all(limit / 2);
        runtime.block_on(self.listening.close(limit));
    }
}

fn limits(
    config: &Config,
    loader: &Arc<Loader>,
) -> impl Fn(&str) -> PluginLimits + Send + Sync + use<> {
    let (http, loader) = (config.http.clone(), Arc::clone(loader));
    let settings = config.settings.iter();
    let stops: HashMap<String, Duration> = settings
        .filter_map(|(id, settings)| Some((id.clone(), settings.stop_deadline?)))
        .collect();
    move |id| {
        let stop = stops.get(id).copied().or_else(|| {
            let manifest = loader.status(id)?.manifest;
            Some(manifest.deadlines.stop)
        });
        let deadline = http.request_deadline_of(id);
        PluginLimits {
            body: body::Limits {
                length: http.max_body_of(id),
                between: http.body_deadline,
                all: deadline,
            },
            deadline,
            grace: stop.unwrap_or_default() / 2,
        }
    }
}
