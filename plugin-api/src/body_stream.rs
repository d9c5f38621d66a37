use crate::{Error, Result};
use jackfield_abi::{ByteStreamObject, RResult};

/// A request's body as it comes, one part after another: an argument of an `async` handler. A route
/// with one takes bodies of any length, of which the plugin has no more at a time than it asks for;
/// one that comes whole is one part. A handler with two of them is refused by the compiler.
///
/// ```
/// # use plugin_api::{BodyStream, prelude::*};
/// # struct Scales;
/// # impl Scales {
/// async fn weigh(&self, mut body: BodyStream<'_>) -> Result<Json<usize>> {
///     let mut bytes = 0;
///     while let Some(part) = body.next().await {
///         bytes += part?.len();
///     }
///     Ok(Json(bytes))
/// }
/// # }
/// ```
pub struct BodyStream<'a> {
    first: Option<&'a [u8]>,
    rest: Option<&'a ByteStreamObject>,
}

impl<'a> BodyStream<'a> {
    pub(crate) fn new(request: &jackfield_abi::Request<'a>) -> Self {
        let first = request.body.as_slice();
        Self {
            first: (!first.is_empty()).then_some(first),
            rest: request.stream.into_option(),
        }
    }

    /// The next part, which is not empty; `None` at the end, and after an error.
    ///
    /// Dropping the future loses no more than the part that it waited for.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>>> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first.to_vec()));
        }
        while let Some(stream) = self.rest {
            match stream.next().await.map(jackfield_abi::ROption::into_option) {
                RResult::ROk(Some(part)) if part.is_empty() => {}
                RResult::ROk(Some(part)) => return Some(Ok(part.into_vec())),
                RResult::ROk(None) => self.rest = None,
                RResult::RErr(failure) => {
                    self.rest = None;
                    return Some(Err(Error::from_failure(failure)));
                }
            }
        }
        None
    }
}
