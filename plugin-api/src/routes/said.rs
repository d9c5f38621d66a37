use super::Routes;
use crate::Operation;

/// What an author says of a route beyond its types.
#[derive(Default)]
pub(super) struct Said {
    pub(super) summary: Option<String>,
    pub(super) description: Option<String>,
    statuses: Vec<Status>,
}

struct Status {
    status: u16,
    text: String,
    is_error: bool,
}

impl Said {
    pub(super) fn describe(&self, operation: &mut Operation) {
        let (errors, others): (Vec<_>, Vec<_>) =
            self.statuses.iter().partition(|status| status.is_error);
        for error in errors {
            operation.error(error.status, &error.text);
        }
        let others = others
            .iter()
            .map(|other| (other.status, other.text.as_str()));
        operation.statuses(&others.collect::<Vec<_>>());
    }
}

impl<T: Send + Sync + 'static> Routes<T> {
    /// Says in a line what the route is for that was declared last.
    pub fn summary(&mut self, text: &str) -> &mut Self {
        self.say(|said| said.summary = Some(text.to_owned()))
    }

    /// Says more of the route that was declared last.
    pub fn description(&mut self, text: &str) -> &mut Self {
        self.say(|said| said.description = Some(text.to_owned()))
    }

    /// The route that was declared last answers with this status too: where its handler chooses the
    /// status, with what its type says.
    pub fn status(&mut self, status: u16, text: &str) -> &mut Self {
        self.say_status(status, text, false)
    }

    /// The route that was declared last fails with this status too: with `{"detail": …}`, as every
    /// error has it.
    pub fn error(&mut self, status: u16, text: &str) -> &mut Self {
        self.say_status(status, text, true)
    }

    fn say_status(&mut self, status: u16, text: &str, is_error: bool) -> &mut Self {
        let text = text.to_owned();
        self.say(|said| {
            said.statuses.push(Status {
                status,
                text,
                is_error,
            });
        })
    }

    fn say(&mut self, what: impl FnOnce(&mut Said)) -> &mut Self {
        if let Some((pattern, method)) = self.last {
            let route = &mut self.methods[pattern][method];
            what(route.said.get_or_insert_default());
        } else if self.faults.is_empty() {
            let fault = "something is said of a route before one is declared";
            self.faults.push(fault.to_owned());
        }
        self
    }
}
