//! Bodies that come in parts: those that a test sends, and those that it gets.

use crate::{kept::MOST_KEPT, stage::lock};
use jackfield_abi::{
    BorrowingFfiFuture, ByteStream, ByteStreamObject, Failure, FailureCode, ROption, RResult, RVec,
    abi_stable::type_level::downcasting::TD_Opaque,
};
use plugin_api::{__testkit, Error, Result};
use std::{
    collections::VecDeque,
    future::ready,
    sync::{Arc, Mutex},
};

/// What a test sends in parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Parts {
    pub(crate) parts: VecDeque<Vec<u8>>,
    /// What it ends with, where that is a failure.
    pub(crate) failure: Option<String>,
}

impl Parts {
    pub(crate) fn object(&self) -> ByteStreamObject {
        ByteStreamObject::from_value(Source(Mutex::new(self.clone())), TD_Opaque)
    }
}

struct Source(Mutex<Parts>);

impl ByteStream for Source {
    fn next(&self) -> BorrowingFfiFuture<'_, RResult<ROption<RVec<u8>>, Failure>> {
        let mut left = lock(&self.0);
        let next = match (left.parts.pop_front(), left.failure.take()) {
            (Some(part), failure) => {
                left.failure = failure;
                RResult::ROk(ROption::RSome(part.into()))
            }
            (None, Some(text)) => RResult::RErr(Failure::new(FailureCode::ERROR, text)),
            (None, None) => RResult::ROk(ROption::RNone),
        };
        BorrowingFfiFuture::new(ready(next))
    }
}

/// What has come of an answer in parts.
#[derive(Clone, Default)]
pub(crate) struct Received(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    parts: Vec<Vec<u8>>,
    end: Option<Result<()>>,
}

impl Received {
    /// Reads all of it.
    pub(crate) async fn read(&self, stream: ByteStreamObject) {
        for _ in 0..MOST_KEPT {
            let end = match stream.next().await {
                RResult::ROk(ROption::RSome(part)) => {
                    lock(&self.0).parts.push(part.into_vec());
                    continue;
                }
                RResult::ROk(ROption::RNone) => Ok(()),
                RResult::RErr(failure) => Err(__testkit::error(failure)),
            };
            return self.end(end);
        }
        self.end(Err(Error::new(format!(
            "it has more than {MOST_KEPT} parts, which the kit does not keep"
        ))));
    }

    /// That was all.
    pub(crate) fn end(&self, end: Result<()>) {
        lock(&self.0).end = Some(end);
    }

    pub(crate) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut lock(&self.0).parts)
    }

    pub(crate) fn ended(&self) -> Option<Result<()>> {
        lock(&self.0).end.clone()
    }
}
