use super::Routes;
use crate::{
    After, Before, Context, Handler, Request, Response,
    ffi::Opening,
    handler::Gives,
    middleware::{Hook, PASS, erase},
};
use serde_json::{Value, json};
use std::{future::ready, sync::Arc};

/// What a plugin does to requests for others.
pub(super) struct Hooks<T> {
    before: Option<Box<dyn Hook<T>>>,
    after: Option<Box<dyn Hook<T>>>,
    /// Whether requests pass where a hook fails; `None` is as the host has it.
    is_open: Option<bool>,
}

impl<T> Default for Hooks<T> {
    fn default() -> Self {
        Self {
            before: None,
            after: None,
            is_open: None,
        }
    }
}

impl<T: Send + Sync + 'static> Routes<T> {
    /// Sees requests for other plugins before those do: each is let pass, with other headers perhaps,
    /// or answered.
    ///
    /// The hook is a handler of any kind that gives [`Before`] or `Result<Before>`. Its request has
    /// method, path, query and headers as the client sent them, the path with the plugin that is meant,
    /// and no body. An error with a status is the answer; one without a status, or a panic, is a failure
    /// of the hook, for which [`fail_open`](Self::fail_open) and [`fail_closed`](Self::fail_closed) are.
    pub fn before<K: Gives<Before> + 'static>(&mut self, hook: impl Handler<T, K>) -> &mut Self {
        if self.hooks.before.replace(erase(hook)).is_some() {
            self.twice("before");
        }
        self
    }

    /// Sees what other plugins answer: each answer is kept, with other headers or another status
    /// perhaps, or replaced.
    ///
    /// The hook is a handler of any kind that gives [`After`] or `Result<After>`. Its request is that of
    /// [`before`](Self::before) with the answer's body, where that comes whole;
    /// [`Answered`](crate::Answered) has status and headers. Errors are as there: one with a status
    /// replaces the answer.
    pub fn after<K: Gives<After> + 'static>(&mut self, hook: impl Handler<T, K>) -> &mut Self {
        if self.hooks.after.replace(erase(hook)).is_some() {
            self.twice("after");
        }
        self
    }

    /// Where a hook fails, or cannot be asked, requests go on without it.
    pub fn fail_open(&mut self) -> &mut Self {
        self.hooks.is_open = Some(true);
        self
    }

    /// Where a hook fails, or cannot be asked, requests are refused.
    pub fn fail_closed(&mut self) -> &mut Self {
        self.hooks.is_open = Some(false);
        self
    }

    fn twice(&mut self, phase: &str) {
        self.faults.push(format!("{phase}: it has a hook already"));
    }

    /// Asks the hook of a phase; where there is none, what it would see goes on.
    #[cold]
    pub(super) fn hook<'a>(
        &'a self,
        phase: &str,
        plugin: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
        opening: Opening<'_, 'a, '_>,
    ) -> bool {
        let hook = match phase {
            "before" => self.hooks.before.as_deref(),
            "after" => self.hooks.after.as_deref(),
            _ => None,
        };
        match hook {
            Some(hook) => hook.begin(plugin, context, request, opening),
            None => opening.answer(ready(Ok(Response::new(PASS)))),
        }
    }
}

impl<T> Hooks<T> {
    /// As `describe("routes")` has it.
    pub(super) fn describe(&self) -> Value {
        let (before, after) = (self.before.is_some(), self.after.is_some());
        if !before && !after {
            return Value::Null;
        }
        let fail = self
            .is_open
            .map(|open| if open { "open" } else { "closed" });
        json!({ "before": before, "after": after, "fail": fail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quick;

    struct Guard;

    #[test]
    fn hooks_are_told() {
        let told = |declare: fn(&mut Routes<Guard>)| {
            let mut routes = Routes::new();
            declare(&mut routes);
            assert_eq!(routes.faults(), None);
            routes.describe()["middleware"].clone()
        };
        let hooks = |before: bool, after: bool, fail: Option<&str>| json!({ "before": before, "after": after, "fail": fail });
        assert_eq!(told(|_| ()), Value::Null);
        let before = told(|routes| {
            routes
                .before(quick(|_: &Guard| Before::pass()))
                .fail_closed();
        });
        assert_eq!(before, hooks(true, false, Some("closed")));
        let after = told(|routes| {
            routes
                .after(quick(|_: &Guard| Ok(After::keep())))
                .fail_open();
        });
        assert_eq!(after, hooks(false, true, Some("open")));
        let unsaid = told(|routes| {
            routes.after(quick(|_: &Guard| After::keep()));
        });
        assert_eq!(unsaid, hooks(false, true, None));
    }

    #[test]
    fn there_is_one_of_each() {
        let mut routes = Routes::<Guard>::new();
        for _ in 0..2 {
            routes.before(quick(|_: &Guard| Before::pass()));
        }
        let text = "before: it has a hook already";
        assert_eq!(routes.faults().as_deref(), Some(text));
    }
}
