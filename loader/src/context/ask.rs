//! One plugin asks another.

use super::Room;
use crate::{
    chain,
    registry::State,
    within::{Limit, REQUEST_LIMIT, TIMEOUT, milliseconds, within},
};
use jackfield_abi::{Failure, FailureCode, Header, RBox, ROption, RSlice, RStr, Request, Response};
use std::{pin::pin, time::Duration};

/// What [`REQUEST_LIMIT`] is as text.
const DEFAULT_TEXT: &str = "45000";

/// How much of what a plugin gave is repeated in a message, in characters.
const LONGEST: usize = 60;

/// A request from one plugin to another. The answer is copied into the host's memory, so that it
/// may outlive the plugin that gave it.
pub(super) async fn ask(
    room: &Room,
    plugin: RStr<'_>,
    request: &Request<'_>,
) -> Result<RBox<Response>, Failure> {
    check(room.id.as_str(), plugin.as_str(), request)?;
    let limit = limit(room.id.as_str(), request)?;
    let registry = &room.shared.registry;
    let refused = || not_serving(plugin.as_str(), registry.state(plugin.as_str()));
    let Some(slot) = registry.serving(plugin.as_str()) else {
        return Err(refused());
    };
    let Some(entered) = slot.enter() else {
        return Err(refused());
    };
    let text;
    let timeout = if limit.length == REQUEST_LIMIT {
        DEFAULT_TEXT
    } else {
        text = milliseconds(limit.length);
        &text
    };
    let extensions = [
        Header::new("caller", room.id.as_str().as_bytes()),
        Header::new(TIMEOUT, timeout.as_bytes()),
    ];
    let request = Request {
        method: request.method,
        path: request.path,
        query: request.query,
        headers: request.headers,
        extensions: RSlice::from_slice(&extensions),
        body: request.body,
        stream: ROption::RNone,
    };
    // Pinned here, once: each future around it has a pointer, and all of it fits into what the
    // allocator has at hand.
    let call = pin!(entered.handle(&request));
    let call = pin!(chain::link(call));
    // The answer is dropped before the entry that keeps its memory.
    let response = match within(limit.length, &*room.shared.executor, call).await {
        Some(response) => response?,
        None => return Err(too_late(room.id.as_str(), plugin.as_str(), limit)),
    };
    if response.stream.is_rsome() {
        return Err(streamed(plugin.as_str()));
    }
    Ok(RBox::new(copy(&response)))
}

/// How long the plugin wants to wait, or may.
fn limit(id: &str, request: &Request<'_>) -> Result<Limit, Failure> {
    let mut extensions = request.extensions.as_slice().iter();
    let Some(own) = extensions.find(|extension| extension.name.as_str() == TIMEOUT) else {
        return Ok(Limit::new(REQUEST_LIMIT));
    };
    let text = String::from_utf8_lossy(own.value.as_slice());
    match text.parse() {
        Ok(own) => Ok(Limit::new(Duration::from_millis(own))),
        Err(_) => Err(Failure::new(
            FailureCode::INVALID,
            format!(
                "`{id}` asks with a `{TIMEOUT}` of `{}`: expected a whole number of milliseconds, \
                 in digits",
                text.escape_debug().take(LONGEST).collect::<String>()
            ),
        )),
    }
}

fn too_late(id: &str, plugin: &str, limit: Limit) -> Failure {
    let seconds = limit.length.as_secs_f64();
    let rest = if limit.is_rest {
        ", which was all that was left of the request that it was answering"
    } else {
        ""
    };
    let text = format!("`{id}` asked `{plugin}` and got no answer within {seconds} s{rest}");
    Failure::new(FailureCode::DEADLINE, text)
}

#[cold]
fn streamed(plugin: &str) -> Failure {
    let text = format!(
        "`{plugin}` answered with a streamed body, which goes to clients of the host and to no \
         plugin: ask for something that is whole"
    );
    Failure::new(FailureCode::UNSUPPORTED, text)
}

/// Refuses what cannot be handed on: a streamed body, and the last link of a chain that is too long.
fn check(id: &str, plugin: &str, request: &Request<'_>) -> Result<(), Failure> {
    if request.stream.is_rsome() {
        let text =
            "a request with a streamed body, which this host does not take: it has to be whole";
        return Err(Failure::new(FailureCode::UNSUPPORTED, text));
    }
    let length = chain::length();
    if length >= chain::MAX_CHAIN {
        let text = format!(
            "`{id}` asks `{plugin}` at the end of a chain of {length} requests that wait for each \
             other, and there may be no more: do not ask in a ring, or let a task ask"
        );
        return Err(Failure::new(FailureCode::FULL, text));
    }
    Ok(())
}

pub(crate) fn not_serving(id: &str, state: Option<State>) -> Failure {
    match state {
        None => Failure::new(
            FailureCode::NOT_FOUND,
            format!("there is no plugin `{id}`: install it, or name another"),
        ),
        Some(state) => Failure::new(
            FailureCode::UNAVAILABLE,
            format!("`{id}` is {state}: start it, or wait until it runs"),
        ),
    }
}

fn copy(response: &Response) -> Response {
    Response {
        status: response.status,
        headers: response.headers.to_vec().into(),
        body: response.body.to_vec().into(),
        stream: ROption::RNone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_that_is_no_number_is_refused_with_what_it_is() {
        for (value, found) in [
            (&b"5 s"[..], "5 s"),
            (b"", ""),
            (b"-1", "-1"),
            (&[b'9'; 99], &"9".repeat(LONGEST)),
        ] {
            let extensions = [Header::new(TIMEOUT, value)];
            let request = Request {
                method: "GET".into(),
                path: "/".into(),
                query: "".into(),
                headers: RSlice::from_slice(&[]),
                extensions: RSlice::from_slice(&extensions),
                body: RSlice::from_slice(&[]),
                stream: ROption::RNone,
            };
            assert_eq!(
                limit("asker", &request).unwrap_err().message,
                format!(
                    "`asker` asks with a `timeout-ms` of `{found}`: expected a whole number of \
                     milliseconds, in digits"
                )
            );
        }
    }
}
