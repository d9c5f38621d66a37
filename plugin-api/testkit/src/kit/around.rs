//! What is around the plugin: time, events, others, files, and what was heard of it.

use super::{Phase, Testkit};
use crate::{
    builder::answerer,
    bus,
    kept::{Logged, Panicked, Published},
    message::Asked,
    services::{self, Offered},
    stage::lock,
    storage::StorageFault,
};
use jackfield_abi::{Failure, FailureCode, ROption, RSlice, StorageItem};
use jackfield_loader::testkit::KitStorage;
use plugin_api::{
    __testkit::{self, Exported},
    Lease, Response, Result, Service,
    serde::Serialize,
    serde_json,
};
use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

impl<T: Exported> Testkit<T> {
    /// Turns the clock on by that time, and runs each thing when it is due, in order.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        let until = self.stage.clock.steady_ns().saturating_add(by);
        let tasks = &self.run().tasks;
        tasks.run();
        while self.stage.clock.turn(until) {
            tasks.run();
        }
        tasks.run();
    }

    /// The time by the kit's clock.
    pub fn now(&self) -> SystemTime {
        self.stage.clock.time()
    }

    /// Runs all that can go on without the clock. Every other method does so as well: this is for
    /// what something else has begun, such as a thread of the plugin's own.
    pub fn run_until_idle(&self) {
        self.run().tasks.run();
    }

    /// Names of the plugin's tasks that have not ended, in the order in which they began.
    pub fn tasks(&self) -> Vec<String> {
        self.run().tasks.names()
    }

    /// Publishes a value as JSON, as the host itself; the plugin hears it if it has subscribed to it.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON, or the topic is none.
    pub fn publish(&self, topic: &str, value: &impl Serialize) -> Result<()> {
        self.publish_from("", topic, value)
    }

    /// Publishes a value as JSON, as that plugin.
    ///
    /// # Errors
    ///
    /// As [`publish`](Testkit::publish).
    pub fn publish_from(&self, plugin: &str, topic: &str, value: &impl Serialize) -> Result<()> {
        self.publish_bytes(plugin, topic, &serde_json::to_vec(value)?)
    }

    /// Publishes bytes, as that plugin; as the host where it is empty.
    ///
    /// # Errors
    ///
    /// When the topic is none, or the payload too large.
    pub fn publish_bytes(&self, plugin: &str, topic: &str, payload: &[u8]) -> Result<()> {
        bus::check(topic, payload).map_err(__testkit::error)?;
        let run = self.run();
        run.hear(topic, plugin, payload, false);
        run.tasks.run();
        Ok(())
    }

    /// What the plugin published, in order.
    pub fn published(&self) -> Vec<Published> {
        lock(&self.stage.published).all()
    }

    /// What the plugin logged, in order.
    pub fn logs(&self) -> Vec<Logged> {
        lock(&self.stage.logs).all()
    }

    /// What the plugin asked others, in order.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.stage.asked).all()
    }

    /// Forgets what was published, logged and asked.
    pub fn forget(&self) {
        lock(&self.stage.published).take();
        lock(&self.stage.logs).take();
        lock(&self.stage.asked).take();
    }

    /// Where the plugin panicked since this was asked last, in order. Panics of a thread of the
    /// plugin's own are among them, if that has no name with `::` in it.
    pub fn panics(&self) -> Vec<Panicked> {
        lock(&self.stage.panics).take()
    }

    /// Answers from now on what the plugin asks that one. An error is what the plugin gets for its
    /// request: with status 503, say, as if that did not run. Without an answer there is no such
    /// plugin (404).
    pub fn answer(
        &self,
        plugin: &str,
        answer: impl FnMut(&Asked) -> Result<Response> + Send + 'static,
    ) {
        let answer = answerer(answer);
        lock(&self.stage.answers).insert(plugin.to_owned(), answer);
    }

    /// Offers a service to the plugin, in the version of the contract, as a plugin `testkit`.
    ///
    /// # Panics
    ///
    /// When the contract's id or version is none.
    pub fn provide<S: Service>(&self, service: S) {
        let offer = __testkit::offer(service);
        let offered = Offered::of_test(S::ID, S::VERSION, offer);
        lock(&self.stage.offered).push(offered);
    }

    /// A service that the plugin offers.
    ///
    /// # Errors
    ///
    /// When it does not, or offers another type under that name.
    pub fn service<S: Service>(&self) -> Result<Lease<S>> {
        let offered = self.run().offers.find(S::ID).ok_or_else(|| {
            let (id, service) = (&self.stage.manifest.id, S::ID);
            let text = format!("`{id}` has not offered service `{service}`");
            __testkit::error(Failure::new(FailureCode::NOT_FOUND, text))
        })?;
        __testkit::lease(services::lease(&offered), offered.layout())
    }

    /// The plugin's data directory. It is there once the plugin has asked for it.
    pub fn data_dir(&self) -> PathBuf {
        self.stage.data_dir()
    }

    /// The value of a key in the plugin's storage.
    ///
    /// # Errors
    ///
    /// Those of the storage, such as for a key that is none.
    pub fn stored(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        self.with_storage(|storage| {
            let value = storage.object().get(key.as_ref().into()).into_result();
            match value.map_err(__testkit::error)? {
                ROption::RSome(value) => Ok(Some(value.into_vec())),
                ROption::RNone => Ok(None),
            }
        })
    }

    /// Puts a key and its value into the plugin's storage.
    ///
    /// # Errors
    ///
    /// Those of the storage, such as for a key that is none.
    pub fn store(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        self.with_storage(|storage| {
            let write = [StorageItem {
                key: key.as_ref().into(),
                value: ROption::RSome(value.as_ref().into()),
            }];
            let written = storage
                .object()
                .commit(RSlice::EMPTY, RSlice::from_slice(&write));
            written.into_result().map(drop).map_err(__testkit::error)
        })
    }

    fn with_storage<R>(&self, body: impl FnOnce(&KitStorage) -> Result<R>) -> Result<R> {
        if self.phase.get() != Phase::Stopped {
            return body(&self.run().storage);
        }
        // That of the run is closed.
        let storage = KitStorage::new(self.stage.storage_path(), self.stage.storage_limit);
        let result = body(&storage);
        storage.close();
        result
    }

    /// Has the plugin's storage fail from now on, or work again.
    pub fn storage_fails(&self, fault: Option<StorageFault>) {
        *lock(&self.stage.fault) = fault;
    }
}
