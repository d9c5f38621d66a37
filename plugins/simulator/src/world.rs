//! What is simulated: the figures, and what somebody has made of them.

use crate::signal::{SIGNALS, Signal};
use plugin_api::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The most incidents that are known at a time.
const MOST_INCIDENTS: usize = 200;

/// What is simulated. Times are those of [`Context::steady`](plugin_api::Context::steady).
pub(crate) struct World {
    seed: u64,
    longest_ttl: Duration,
    state: Mutex<State>,
}

struct State {
    began: Duration,
    restarts: u64,
    overrides: BTreeMap<&'static str, Override>,
    incidents: BTreeMap<u64, Incident>,
    last_incident: u64,
}

#[derive(Clone, Copy)]
struct Override {
    value: f64,
    until: Duration,
}

/// The body of `POST /overrides`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOverride {
    pub(crate) metric: String,
    pub(crate) value: f64,
    /// How long it holds; as long as may be where it is not said.
    pub(crate) ttl_s: Option<u64>,
}

/// An override that holds.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Overridden {
    metric: &'static str,
    value: f64,
    /// How long it holds still, in seconds.
    ttl_s: f64,
}

/// The body of `POST /incidents`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewIncident {
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) severity: Severity,
    /// A metric that it raises, or lowers.
    pub(crate) metric: Option<String>,
    /// By how much, while it is open.
    pub(crate) factor: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    #[default]
    Minor,
    Major,
    Critical,
}

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Incident {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) severity: Severity,
    pub(crate) metric: Option<&'static str>,
    pub(crate) factor: f64,
    pub(crate) open: bool,
    /// Since the simulation began, in seconds.
    pub(crate) opened_s: f64,
    pub(crate) resolved_s: Option<f64>,
}

/// The answer of `GET /metrics`, and what is published.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Metrics {
    seed: u64,
    /// Since the simulation began, in seconds.
    time_s: f64,
    restarts: u64,
    /// The figures by their names.
    metrics: BTreeMap<&'static str, f64>,
    /// Those that somebody has set.
    overridden: Vec<&'static str>,
    open_incidents: usize,
}

fn unknown(metric: &str) -> Error {
    let names: Vec<&str> = SIGNALS.iter().map(|signal| signal.name).collect();
    let expected = names.join(", ");
    Error::with_status(
        400,
        format!("metric: expected one of {expected}, found `{metric}`"),
    )
}

fn named(metric: &str) -> Result<&'static Signal> {
    Signal::named(metric).ok_or_else(|| unknown(metric))
}

impl World {
    pub(crate) fn new(seed: u64, longest_ttl: Duration, now: Duration) -> Self {
        Self {
            seed,
            longest_ttl,
            state: Mutex::new(State::new(now)),
        }
    }

    /// The figures of now.
    pub(crate) fn metrics(&self, now: Duration) -> Metrics {
        let mut state = self.state();
        state.expire(now);
        let time = now.saturating_sub(state.began);
        let value = |signal: &Signal| {
            let set = state.overrides.get(signal.name).map(|set| set.value);
            set.unwrap_or_else(|| signal.bounded(signal.at(self.seed, time) * state.factor(signal)))
        };
        let metrics = SIGNALS.iter().map(|signal| (signal.name, value(signal)));
        Metrics {
            seed: self.seed,
            time_s: time.as_secs_f64(),
            restarts: state.restarts,
            metrics: metrics.collect(),
            overridden: state.overrides.keys().copied().collect(),
            open_incidents: state
                .incidents
                .values()
                .filter(|incident| incident.open)
                .count(),
        }
    }

    pub(crate) fn overrides(&self, now: Duration) -> Vec<Overridden> {
        let mut state = self.state();
        state.expire(now);
        let told = state.overrides.iter().map(|(metric, set)| Overridden {
            metric,
            value: set.value,
            ttl_s: set.until.saturating_sub(now).as_secs_f64(),
        });
        told.collect()
    }

    /// Sets a figure for some time.
    ///
    /// # Errors
    ///
    /// 400 for a metric that is not simulated, a value out of its bounds, and too long a time.
    pub(crate) fn set(&self, now: Duration, new: &NewOverride) -> Result<()> {
        let signal = named(&new.metric)?;
        let (least, most) = (signal.least, signal.most);
        if !(least..=most).contains(&new.value) {
            let text = format!("value: expected {least} to {most}, found {}", new.value);
            return Err(Error::with_status(400, text));
        }
        let ttl = new.ttl_s.map_or(self.longest_ttl, Duration::from_secs);
        if ttl.is_zero() || ttl > self.longest_ttl {
            let most = self.longest_ttl.as_secs();
            let text = format!("ttl_s: expected 1 to {most}, found {}", ttl.as_secs());
            return Err(Error::with_status(400, text));
        }
        let until = now.saturating_add(ttl);
        let value = new.value;
        self.state()
            .overrides
            .insert(signal.name, Override { value, until });
        Ok(())
    }

    /// Takes overrides back, or that of one metric; gives how many.
    ///
    /// # Errors
    ///
    /// 400 for a metric that is not simulated.
    pub(crate) fn unset(&self, metric: Option<&str>) -> Result<usize> {
        let mut state = self.state();
        let Some(metric) = metric else {
            return Ok(std::mem::take(&mut state.overrides).len());
        };
        Ok(usize::from(
            state.overrides.remove(named(metric)?.name).is_some(),
        ))
    }

    pub(crate) fn incidents(&self) -> Vec<Incident> {
        self.state().incidents.values().cloned().collect()
    }

    /// Opens an incident. The oldest that is resolved goes where there are too many.
    ///
    /// # Errors
    ///
    /// 400 for a title that is none, a metric that is not simulated, a factor that is none; 429 where
    /// too many are open.
    pub(crate) fn open(&self, now: Duration, new: NewIncident) -> Result<Incident> {
        let title = new.title.trim();
        if title.is_empty() || title.len() > 200 {
            return Err(Error::with_status(400, "title: expected 1 to 200 bytes"));
        }
        let metric = new.metric.as_deref().map(named).transpose()?;
        let factor = new.factor.unwrap_or(1.0);
        if !(0.0..=1000.0).contains(&factor) {
            let text = format!("factor: expected 0 to 1000, found {factor}");
            return Err(Error::with_status(400, text));
        }
        let mut state = self.state();
        state.make_room()?;
        state.last_incident += 1;
        let incident = Incident {
            id: state.last_incident,
            title: title.to_owned(),
            severity: new.severity,
            metric: metric.map(|signal| signal.name),
            factor,
            open: true,
            opened_s: now.saturating_sub(state.began).as_secs_f64(),
            resolved_s: None,
        };
        state.incidents.insert(incident.id, incident.clone());
        Ok(incident)
    }

    /// Resolves an incident; one that is resolved stays as it is.
    ///
    /// # Errors
    ///
    /// 404 for one that is not known.
    pub(crate) fn resolve(&self, now: Duration, id: u64) -> Result<Incident> {
        let mut state = self.state();
        let time_s = now.saturating_sub(state.began).as_secs_f64();
        let Some(incident) = state.incidents.get_mut(&id) else {
            return Err(Error::with_status(404, format!("unknown incident: {id}")));
        };
        if incident.open {
            incident.open = false;
            incident.resolved_s = Some(time_s);
        }
        Ok(incident.clone())
    }

    /// Begins anew, without overrides and incidents; gives how often it has.
    pub(crate) fn restart(&self, now: Duration) -> u64 {
        let mut state = self.state();
        let restarts = state.restarts + 1;
        *state = State {
            restarts,
            ..State::new(now)
        };
        restarts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(now: Duration) -> Self {
        Self {
            began: now,
            restarts: 0,
            overrides: BTreeMap::new(),
            incidents: BTreeMap::new(),
            last_incident: 0,
        }
    }

    fn expire(&mut self, now: Duration) {
        self.overrides.retain(|_, set| set.until > now);
    }

    /// Of all open incidents of that metric together.
    fn factor(&self, signal: &Signal) -> f64 {
        let open = self.incidents.values().filter(|incident| incident.open);
        let own = open.filter(|incident| incident.metric == Some(signal.name));
        own.map(|incident| incident.factor).product()
    }

    fn make_room(&mut self) -> Result<()> {
        if self.incidents.len() < MOST_INCIDENTS {
            return Ok(());
        }
        let resolved = self.incidents.values().find(|incident| !incident.open);
        let Some(id) = resolved.map(|incident| incident.id) else {
            let text = format!("{MOST_INCIDENTS} incidents are open, which is the most");
            return Err(Error::with_status(429, text));
        };
        self.incidents.remove(&id);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
