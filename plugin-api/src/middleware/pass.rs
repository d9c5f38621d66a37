use crate::Response;

/// The status of what goes on as it is, or changed: no answer of HTTP's is final with it.
pub(crate) const PASS: u16 = 100;

/// What goes on, with what is changed of it, as it crosses: a response of status 100 with a header for
/// each change.
pub(super) struct Pass(Response);

impl Pass {
    pub(super) fn new() -> Self {
        Self(Response::new(PASS))
    }

    pub(super) fn set_header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        Self(self.0.with_header(&format!("set-{name}"), value))
    }

    pub(super) fn remove_header(self, name: &str) -> Self {
        Self(self.0.with_header("remove", name.to_ascii_lowercase()))
    }

    pub(super) fn set_status(self, status: u16) -> Self {
        Self(self.0.with_header("status", status.to_string()))
    }

    pub(super) fn into_response(self) -> Response {
        self.0
    }
}
