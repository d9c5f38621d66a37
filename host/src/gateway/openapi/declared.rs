use super::Operation;
use crate::gateway::api::Own;
use axum::{
    Router,
    handler::Handler,
    routing::{MethodRouter, get, post},
};
use std::sync::Arc;

/// One method of one of the host's own routes.
pub(super) struct Told {
    /// In lower case, as OpenAPI has it.
    pub(super) method: &'static str,
    /// As OpenAPI has it.
    pub(super) path: &'static str,
    pub(super) operation: Operation,
}

/// The host's own routes, none without what is told of it.
#[derive(Default)]
pub(in crate::gateway) struct Declared {
    router: Router<Arc<Own>>,
    told: Vec<Told>,
}

impl Declared {
    pub(in crate::gateway) fn get<H: Handler<T, Arc<Own>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on("get", [path, path], get(handler), operation)
    }

    /// The same, told more closely than the router knows it: `told` has a parameter within a segment.
    pub(in crate::gateway) fn get_as<H: Handler<T, Arc<Own>>, T: 'static>(
        self,
        path: &'static str,
        told: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on("get", [path, told], get(handler), operation)
    }

    pub(in crate::gateway) fn post<H: Handler<T, Arc<Own>>, T: 'static>(
        self,
        path: &'static str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.on("post", [path, path], post(handler), operation)
    }

    fn on(
        mut self,
        method: &'static str,
        [path, told]: [&'static str; 2],
        answers: MethodRouter<Arc<Own>>,
        operation: Operation,
    ) -> Self {
        self.told.push(Told {
            method,
            path: told,
            operation,
        });
        Self {
            router: self.router.route(path, answers),
            told: self.told,
        }
    }

    /// What answers.
    pub(in crate::gateway) fn router(self) -> Router<Arc<Own>> {
        self.router
    }

    /// What is told of it.
    pub(super) fn told(self) -> Vec<Told> {
        self.told
    }
}
