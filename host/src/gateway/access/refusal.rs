use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::json;
use std::time::Duration;

/// Why a request is not let through, and what its client is told.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// 400, 401, 403, 421, 429 or 503.
    pub(crate) status: StatusCode,
    /// What was expected, and what to do: for people. Never a token's secret.
    pub(crate) detail: String,
    /// The same for programs.
    pub(crate) hint: Hint,
}

/// What a program can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// Nothing.
    None,
    /// Send these credentials: a challenge as RFC 6750 has it.
    Challenge(&'static str),
    /// Come again after that time.
    Later(Duration),
}

impl Refusal {
    /// One of which a program can make nothing.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            hint: Hint::None,
        }
    }

    /// The same with a hint.
    pub(super) fn with(self, hint: Hint) -> Self {
        Self { hint, ..self }
    }

    /// The answer, whose body is `{"detail": …}`.
    pub(crate) fn response(self) -> Response<Bytes> {
        let body = json!({ "detail": self.detail }).to_string();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.hint {
            Hint::None => {}
            Hint::Challenge(challenge) => {
                let challenge = HeaderValue::from_static(challenge);
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            Hint::Later(wait) => drop(headers.insert(RETRY_AFTER, seconds(wait).into())),
        }
        response
    }
}

/// Rounded up: who comes earlier is refused again.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_millis()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_what_to_do() {
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "a \"b\"\n");
        let later = Hint::Later(Duration::from_millis(1001));
        let answer = refusal.with(later).response();
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()[RETRY_AFTER], "2");
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(answer.body(), "{\"detail\":\"a \\\"b\\\"\\n\"}");
    }
}
