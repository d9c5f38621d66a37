use crate::{Json, Operation, Response, Result, describe::schema};
use schemars::JsonSchema;
use serde::Serialize;

/// What an answer can be made of.
///
/// | type | answer |
/// |---|---|
/// | [`Response`] | as it says |
/// | [`Json`] | 200, JSON |
/// | `String`, `&'static str` | 200, text |
/// | `Vec<u8>` | 200, bytes |
/// | `()` | 204 |
/// | `(u16, R)` | as `R`, with that status |
/// | [`Result<R>`](crate::Result) | as `R`, or the error's status and `{"detail": …}` |
#[diagnostic::on_unimplemented(
    message = "no answer can be made of `{Self}`",
    note = "a handler gives `Response`, `Json<T>` with `T: Serialize + JsonSchema`, text, bytes, `()`, \
            `(u16, R)`, or `Result<R>` with one of these"
)]
pub trait IntoResponse: 'static {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// When it cannot be made: the error is the answer then.
    fn into_response(self) -> Result<Response>;

    /// Tells what is answered, for those who list the plugin's routes.
    fn describe(operation: &mut Operation);
}

impl IntoResponse for Response {
    #[inline]
    fn into_response(self) -> Result<Response> {
        Ok(self)
    }

    fn describe(operation: &mut Operation) {
        operation.answer(None, "as the plugin answers", None, None);
    }
}

impl<T: Serialize + JsonSchema + 'static> IntoResponse for Json<T> {
    fn into_response(self) -> Result<Response> {
        Response::json(&self.0)
    }

    fn describe(operation: &mut Operation) {
        let schema = schema::given::<T>();
        operation.answer(Some(200), "done", Some("application/json"), Some(schema));
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Result<Response> {
        Ok(Response::text(self))
    }

    fn describe(operation: &mut Operation) {
        let content_type = Some("text/plain; charset=utf-8");
        operation.answer(Some(200), "done", content_type, Some(schema::text()));
    }
}

impl IntoResponse for &'static str {
    fn into_response(self) -> Result<Response> {
        Ok(Response::text(self))
    }

    fn describe(operation: &mut Operation) {
        String::describe(operation);
    }
}

impl IntoResponse for Vec<u8> {
    fn into_response(self) -> Result<Response> {
        Ok(Response::bytes(self).with_header("content-type", "application/octet-stream"))
    }

    fn describe(operation: &mut Operation) {
        let content_type = Some("application/octet-stream");
        operation.answer(Some(200), "done", content_type, None);
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Result<Response> {
        Ok(Response::new(204))
    }

    fn describe(operation: &mut Operation) {
        operation.answer(Some(204), "done, and there is nothing to say", None, None);
    }
}

impl<R: IntoResponse> IntoResponse for (u16, R) {
    fn into_response(self) -> Result<Response> {
        Ok(self.1.into_response()?.with_status(self.0))
    }

    fn describe(operation: &mut Operation) {
        operation.any_status(R::describe);
    }
}

impl<R: IntoResponse> IntoResponse for Result<R> {
    #[inline]
    fn into_response(self) -> Result<Response> {
        self.and_then(R::into_response)
    }

    fn describe(operation: &mut Operation) {
        R::describe(operation);
    }
}
