use super::{asynchronous::Asynchronous, quick::Synchronous};
use crate::Result;

/// A kind of handler that gives a `V`, or an error.
#[diagnostic::on_unimplemented(
    message = "this hook does not give `{V}`",
    note = "a hook of `before` gives `Before` or `Result<Before>`, one of `after` gives `After` or \
            `Result<After>`"
)]
pub trait Gives<V> {}

impl<A, V> Gives<V> for Asynchronous<A, V> {}
impl<A, V> Gives<V> for Asynchronous<A, Result<V>> {}
impl<A, V> Gives<V> for Synchronous<A, V> {}
impl<A, V> Gives<V> for Synchronous<A, Result<V>> {}
