//! What a handler's arguments are made of.

use crate::{BodyStream, FromRequest, Operation, Request, Result};

/// A type of an argument of a handler. Those that borrow from the request stand for themselves with
/// every lifetime.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made of a request",
    note = "an argument of a handler is `Request<'_>`, `BodyStream<'_>`, or implements `FromRequest`"
)]
pub trait Argument: 'static {
    /// The same type, for a request of this lifetime.
    type Item<'a>;

    /// Whether it takes a body that comes in parts.
    const STREAMED: bool = false;

    /// Makes it.
    ///
    /// # Errors
    ///
    /// When the request does not have what it is made of.
    fn take<'a>(request: &Request<'a>) -> Result<Self::Item<'a>>;

    /// Makes it as the last one.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    #[inline]
    fn take_last(request: Request<'_>) -> Result<Self::Item<'_>> {
        Self::take(&request)
    }

    /// Tells what it takes.
    fn describe(operation: &mut Operation);
}

impl<A: FromRequest> Argument for A {
    type Item<'a> = A;

    fn take<'a>(request: &Request<'a>) -> Result<A> {
        A::from_request(request)
    }

    fn describe(operation: &mut Operation) {
        A::describe(operation);
    }
}

impl Argument for Request<'static> {
    type Item<'a> = Request<'a>;

    fn take<'a>(request: &Request<'a>) -> Result<Request<'a>> {
        Ok(request.again())
    }

    #[inline]
    fn take_last(request: Request<'_>) -> Result<Request<'_>> {
        Ok(request)
    }

    fn describe(_operation: &mut Operation) {}
}

impl Argument for BodyStream<'static> {
    type Item<'a> = BodyStream<'a>;

    const STREAMED: bool = true;

    fn take<'a>(request: &Request<'a>) -> Result<BodyStream<'a>> {
        Ok(BodyStream::new(request.raw()))
    }

    fn describe(operation: &mut Operation) {
        operation.body(None, false, None);
    }
}

/// All of a handler's arguments.
pub trait Arguments: 'static {
    /// The same types, for a request of this lifetime.
    type Items<'a>;

    /// Whether one of them takes a body that comes in parts.
    const STREAMED: bool;

    /// Makes them.
    ///
    /// # Errors
    ///
    /// That of the first that cannot be made.
    fn take(request: Request<'_>) -> Result<Self::Items<'_>>;

    /// Tells what they take.
    fn describe(operation: &mut Operation);
}

/// A function with these arguments beside `&T`: it is by this that the compiler learns their types.
pub trait Takes<T, A> {}

impl Arguments for () {
    type Items<'a> = ();

    const STREAMED: bool = false;

    #[inline]
    fn take(_request: Request<'_>) -> Result<()> {
        Ok(())
    }

    fn describe(_operation: &mut Operation) {}
}

impl<T: 'static, F, R> Takes<T, ()> for F where F: Fn(&'static T) -> R {}

/// Whether one of these takes a body that comes in parts. Two would both begin with its first part.
const fn one_streamed(streamed: &[bool]) -> bool {
    let (mut count, mut index) = (0, 0);
    while index < streamed.len() {
        if streamed[index] {
            count += 1;
        }
        index += 1;
    }
    assert!(count <= 1, "a handler takes one `BodyStream` at most");
    count == 1
}

macro_rules! arguments {
    ($($before:ident)*; $last:ident) => {
        impl<$($before: Argument,)* $last: Argument> Arguments for ($($before,)* $last,) {
            type Items<'a> = ($($before::Item<'a>,)* $last::Item<'a>,);

            const STREAMED: bool = one_streamed(&[$($before::STREAMED,)* $last::STREAMED]);

            #[inline]
            fn take(request: Request<'_>) -> Result<Self::Items<'_>> {
                Ok(($($before::take(&request)?,)* $last::take_last(request)?,))
            }

            fn describe(operation: &mut Operation) {
                $($before::describe(operation);)*
                $last::describe(operation);
            }
        }

        impl<T: 'static, F, R, $($before,)* $last> Takes<T, ($($before,)* $last,)> for F
        where
            F: Fn(&'static T, $($before,)* $last) -> R,
        {
        }
    };
}

arguments!(; A);
arguments!(A; B);
arguments!(A B; C);
arguments!(A B C; D);
arguments!(A B C D; E);
arguments!(A B C D E; G);

#[cfg(test)]
mod tests {
    use super::*;

    /// What the compiler computes for a route with these arguments.
    fn streamed<A: Arguments>() -> bool {
        A::STREAMED
    }

    #[test]
    fn one_argument_takes_a_body_in_parts() {
        type Stream = BodyStream<'static>;
        assert!(streamed::<(Stream,)>());
        assert!(streamed::<(Request<'static>, Stream, Request<'static>)>());
        assert!(!streamed::<(Request<'static>, Request<'static>)>());
    }

    #[test]
    #[should_panic(expected = "a handler takes one `BodyStream` at most")]
    fn two_arguments_do_not() {
        one_streamed(&[true, false, true]);
    }
}
