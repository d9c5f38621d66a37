//! How somebody does, by its own word.

use plugin_api::{
    Context,
    serde_json::{Value, json},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tracking_api::{Map, TrackingError};

/// How long it may take to say so.
const LIMIT: Duration = Duration::from_secs(2);

/// Who was asked and has not answered. One question at a time: whoever hangs holds one thread for it,
/// however many ask.
#[derive(Debug, Default)]
pub(crate) struct Asking(Arc<AtomicBool>);

impl Asking {
    /// The answer under `status`, or under `status_error` why there is none.
    pub(crate) async fn ask(
        &self,
        context: &Context,
        question: impl FnOnce() -> Result<Map, TrackingError> + Send + 'static,
    ) -> Map {
        let (status, error) = match self.answer(context, question).await {
            Ok(status) => (Value::Object(status), Value::Null),
            Err(error) => (Value::Null, error.into()),
        };
        Map::from_iter([
            ("status".to_owned(), status),
            ("status_error".to_owned(), json!(error)),
        ])
    }

    async fn answer(
        &self,
        context: &Context,
        question: impl FnOnce() -> Result<Map, TrackingError> + Send + 'static,
    ) -> Result<Map, String> {
        if self.0.swap(true, Relaxed) {
            return Err("it has not answered an earlier question yet".to_owned());
        }
        let asked = Asked(Arc::clone(&self.0));
        let ask = context.run_blocking("status", move || {
            let _asked = asked;
            question()
        });
        match context.timeout(LIMIT, ask).await {
            None => Err(format!("it did not answer within {LIMIT:?}")),
            Some(Ok(Ok(status))) => Ok(status),
            Some(Ok(Err(error))) => Err(error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
        }
    }
}

/// Until it is dropped, also by a task that never began.
struct Asked(Arc<AtomicBool>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.store(false, Relaxed);
    }
}
