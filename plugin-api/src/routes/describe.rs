use super::{Route, Routes, sessions::STANDARD};
use crate::Operation;
use serde_json::{Map, Value, json};

impl<T: Send + Sync + 'static> Routes<T> {
    /// What the plugin answers, as `describe("routes")` gives it.
    pub(crate) fn describe(&self) -> Value {
        let mut patterns: Vec<(&str, usize)> = self
            .patterns
            .iter()
            .map(|(pattern, &index)| (pattern.as_str(), index))
            .collect();
        patterns.sort_by_key(|&(_, index)| index);
        let routes = patterns.into_iter().flat_map(|(pattern, index)| {
            let methods = self.methods[index].iter();
            methods.map(move |route| route.describe(pattern))
        });
        json!({
            "routes": routes.chain(self.standard_routes()).collect::<Vec<_>>(),
            "fallback": self.fallback.is_some(),
            "sessions": self.sessions.as_ref().is_some_and(|kept| kept.is_declared),
            "middleware": self.hooks.describe(),
        })
    }

    /// Those that every plugin has, but for those that it answers itself.
    fn standard_routes(&self) -> impl Iterator<Item = Value> {
        let is_own = |method: &str, path: &str| {
            let matched = self.router.at(path).ok();
            let methods = matched.map(|matched| self.methods[*matched.value].iter());
            methods.is_some_and(|mut methods| methods.any(|route| route.method == method))
        };
        let kept = self.sessions.iter().flat_map(|kept| &kept.standard);
        let routes = STANDARD.into_iter().zip(kept);
        let others = routes.filter(move |((method, _, path), _)| !is_own(method, path));
        others.flat_map(|((_, pattern, _), methods)| {
            methods.iter().map(move |route| route.describe(pattern))
        })
    }
}

impl<T> Route<T> {
    fn describe(&self, pattern: &str) -> Value {
        let mut operation = Operation::new(names(pattern));
        self.handler.describe(&mut operation);
        operation.error(500, "the plugin failed");
        if let Some(said) = &self.said {
            said.describe(&mut operation);
        }
        let said = self.said.as_deref();
        let mut object = Map::new();
        object.insert("method".to_owned(), self.method.into());
        object.insert("pattern".to_owned(), pattern.into());
        object.insert("kind".to_owned(), self.handler.kind().as_str().into());
        object.insert("streamed".to_owned(), self.handler.takes_stream().into());
        object.insert("session".to_owned(), self.handler.is_of_session().into());
        let summary = said.and_then(|said| said.summary.clone());
        object.insert("summary".to_owned(), summary.into());
        let description = said.and_then(|said| said.description.clone());
        object.insert("description".to_owned(), description.into());
        object.append(&mut operation.into_json());
        object.into()
    }
}

/// The names of a pattern's parameters, in its order.
fn names(pattern: &str) -> Vec<String> {
    // `{{` and `}}` stand for themselves.
    let pattern = pattern.replace("{{", "").replace("}}", "");
    let parts = pattern.split('{').skip(1);
    let names = parts.filter_map(|part| part.split_once('}'));
    names
        .map(|(name, _)| name.trim_start_matches('*').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_pattern() {
        assert_eq!(names("/plain"), Vec::<String>::new());
        assert_eq!(names("/a/{b}/c-{d}"), ["b", "d"]);
        assert_eq!(names("/{{a}}/{*rest}"), ["rest"]);
    }
}
