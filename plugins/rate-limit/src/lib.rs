//! Lets each client ask no more often than it may: a token bucket for each.
//!
//! It sees requests before the plugins that they are for. A client is who its token says, and where it has
//! none, the address that it asks from; of an IPv6 address the first 64 bits count, since the others are the
//! client's to choose. Its bucket holds `requests`, and is filled evenly, all of it in
//! `window_s`: so it may make that many at once, and as many in each window on average.
//!
//! Every answer has the headers `RateLimit-Policy` and `RateLimit` ([draft-ietf-httpapi-ratelimit-headers-10][draft]):
//! what may be asked for, how much of it is left, and when all of it is there again. A request too many is
//! answered with 429 and `Retry-After`, and reaches nobody.
//!
//! | route | what |
//! |---|---|
//! | `GET /counts` | how many requests went through and how many did not, and the policy |
//!
//! Where the plugin itself fails, requests go on without it (fail-open): a limit that is not kept for a
//! while does less harm than a host that answers nobody.
//!
//! Worth copying: hooks, and a table that clients fill, with a bound (`buckets.rs`).
//!
//! [draft]: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10
#![forbid(unsafe_code)]

mod address;
mod buckets;
mod limiter;
mod steady;

use limiter::Limiter;
use plugin_api::{After, Answered, Before, Extensions, prelude::*, serde_json::json};
use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use steady::Steady;

/// What stands under `[plugins.rate-limit.config]`; `plugin.toml` has the defaults and the bounds.
#[derive(Deserialize)]
struct Config {
    requests: u32,
    window_s: u64,
    clients: usize,
    exempt: HashSet<String>,
}

struct RateLimit {
    limiter: Limiter<Steady>,
    policy: String,
    /// Addresses among them are canonical.
    exempt: HashSet<String>,
    passed: AtomicU64,
    refused: AtomicU64,
}

/// The answer of `GET /counts`.
#[derive(Serialize, JsonSchema)]
struct Counts {
    policy: String,
    passed: u64,
    refused: u64,
}

impl Plugin for RateLimit {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        let window = Duration::from_secs(config.window_s);
        let limiter = Limiter::new(config.requests, window, config.clients, Steady(context))?;
        Ok(Self {
            policy: limiter.policy(),
            limiter,
            exempt: config
                .exempt
                .iter()
                .map(|id| address::canonical(id))
                .collect(),
            passed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        })
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.before(quick(Self::before));
        routes.after(quick(Self::after));
        routes.fail_open();
        routes
            .get("/counts", quick(Self::counts))
            .summary("How many requests went through and how many did not");
    }
}

impl RateLimit {
    fn before(&self, extensions: Extensions) -> Result<Before> {
        let Some(client) = self.client(&extensions) else {
            return Ok(Before::pass());
        };
        match self.limiter.take(&client) {
            Ok(()) => {
                self.passed.fetch_add(1, Relaxed);
                Ok(Before::pass())
            }
            Err(wait) => {
                self.refused.fetch_add(1, Relaxed);
                self.too_many(wait).map(Before::answer)
            }
        }
    }

    fn after(&self, extensions: Extensions, answered: Answered) -> After {
        // A refusal has said when the next may come, as its `Retry-After` does.
        if answered.status() == 429 && answered.headers().get("ratelimit").is_some() {
            return After::keep();
        }
        let Some(client) = self.client(&extensions) else {
            return After::keep();
        };
        let left = self.limiter.left(&client).header();
        let kept = After::keep().set_header("ratelimit", left);
        kept.set_header("ratelimit-policy", &self.policy)
    }

    fn counts(&self) -> Json<Counts> {
        Json(Counts {
            policy: self.policy.clone(),
            passed: self.passed.load(Relaxed),
            refused: self.refused.load(Relaxed),
        })
    }

    /// Who asks; nobody where that may ask as often as it likes.
    fn client(&self, extensions: &Extensions) -> Option<String> {
        let token = extensions.get("token").filter(|token| !token.is_empty());
        let address = address::canonical(extensions.get("client").unwrap_or_default());
        let id = token.map_or_else(|| address.clone(), address::canonical);
        if self.exempt.contains(&id) {
            return None;
        }
        // A token may be called like an address.
        Some(match token {
            Some(token) => format!("token {token}"),
            None => format!("address {}", address::network(&address)),
        })
    }

    /// `t` is the time of `Retry-After`, as the draft wants it where both are there.
    fn too_many(&self, wait: u64) -> Result<Response> {
        let detail = format!("too many requests: the next may come in {wait} s");
        let answer = Response::json(&json!({ "detail": detail }))?.with_status(429);
        let answer = answer.with_header("retry-after", wait.to_string());
        let answer = answer.with_header("ratelimit-policy", &self.policy);
        Ok(answer.with_header("ratelimit", format!("\"default\";r=0;t={wait}")))
    }
}

plugin_api::export_plugin!(RateLimit);

#[cfg(test)]
mod tests;
