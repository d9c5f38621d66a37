//! Drives every collector into every backend, by rules.
//!
//! It takes the services `tracking.collector` and `tracking.backend` of all plugins that provide
//! them, also of those that come later, and gives them up when those stop.
//!
//! | route | what |
//! |---|---|
//! | `GET /status` | every backend and collector: how it does, what was written, dropped, what failed |
//! | `GET /rules?source=&metric=&type=` | the rules, and which backends such a thing goes to |
//! | `POST /collect?source=` | collects now, from all or from one, and says what came |
//! | `POST /metric` | `{"name": …, "value": …, "step": …, "source": …}` or an array of them |
//! | `POST /params` | `{"params": {…}, "source": …}` |
//! | `POST /artifact` | `{"path": …, "artifact_path": …, "source": …}`, from the `artifact_roots` |
//!
//! The last three answer 202 with the backends that it was queued for, 503 where there is none, 413
//! where it can wait in no queue. `source` is who asks, or `hand`. One of several that is no good keeps
//! all of them out.
//!
//! A file is judged by where it lies when it is named, links followed, and looked at again just before
//! a backend gets its path. Whoever may write to that directory could still put a link in its place
//! between that and the moment at which the backend opens it.
//!
//! **From a collector to a backend.** Each collector is asked at its own interval, on a thread where
//! blocking hurts nobody, and never twice at once. Numbers, however deep, become metrics:
//! `{"cpu_freq": {"current": 2400}}` of `system-collector` is `system-collector.cpu_freq.current`.
//! Steps count the collector's readings from 1. What plugins publish on topic
//! `metrics.<name>`, a number or numbers in an object, becomes `<plugin>.<name>` likewise, at the time
//! at which it was published, without a step unless the object is `{"value": …, "step": …}` and nothing
//! else. On topic `metrics` itself there is no name, and it is skipped.
//!
//! **Backends do not wait for each other.** Each has a queue of `queue_bytes`, which drops its oldest
//! when it is full, and a writer that gives it up to 512 metrics at a time. What a backend
//! cannot take is tried five times within some ten seconds, and then dropped; a metric that is no good
//! is dropped at once, alone. Those before it, which the backend has kept, are not given again. A metric is *written* when the backend has returned; what waits when the tracker
//! stops is written then, as far as three seconds go.
#![forbid(unsafe_code)]

mod asking;
mod batch;
mod event;
mod flatten;
mod hub;
mod queue;
mod record;
mod routes;
mod rules;
mod sink;
mod source;
mod tracker;

plugin_api::export_plugin!(tracker::Tracker);
