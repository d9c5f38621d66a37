use super::guard;
use jackfield_abi::{Answer, CallMut, Failure, FailureCode, FfiContext};

/// Begins an answer that the host itself gives in a plugin's place, in the room that a caller lent; to
/// be called by an implementation of [`Plugin::handle`](jackfield_abi::Plugin::handle), with what it
/// was given. Whether it is ready.
pub(crate) fn begin_answer<'a, F: Answer + 'a>(
    call: CallMut<'_, 'a>,
    context: &mut FfiContext<'_>,
    answer: impl FnOnce() -> Result<F, Failure>,
) -> bool {
    // SAFETY: the lifetimes are those that the caller was given: this takes the loan as it is.
    let call = unsafe { call.into_pin() };
    let begun = guard(answer).unwrap_or_else(|panic| {
        let text = format!("the host panicked: {panic}");
        Err(Failure::new(FailureCode::ERROR, text))
    });
    match begun {
        Ok(future) => call.begin(future, context, Answer::poll),
        Err(failure) => {
            call.refuse(failure);
            true
        }
    }
}
