//! The table `ui` and what is said of the module, as they are embedded.

use super::{Field, FieldKind, Form, Module, Monitor, MonitorKind, Scalar, Ui};
use crate::write::quoted;

/// An inline table in the making.
#[derive(Default)]
struct Inline(Vec<String>);

impl Inline {
    fn put(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.0.push(format!("{key} = {value}"));
        self
    }

    fn text(self, key: &str, text: Option<&String>) -> Self {
        match text {
            Some(text) => self.put(key, quoted(text)),
            None => self,
        }
    }

    fn list(self, key: &str, entries: impl Iterator<Item = String>) -> Self {
        let entries: Vec<_> = entries.collect();
        match entries.is_empty() {
            true => self,
            false => self.put(key, format_args!("[{}]", entries.join(", "))),
        }
    }

    fn done(self) -> String {
        match self.0.is_empty() {
            true => "{}".to_owned(),
            false => format!("{{ {} }}", self.0.join(", ")),
        }
    }
}

fn word<T: PartialEq>(words: &[(&'static str, T)], of: &T) -> String {
    let word = words.iter().find(|(_, other)| other == of);
    quoted(word.map_or("", |(word, _)| word))
}

/// The table.
pub(crate) fn written(ui: &Ui) -> String {
    let mut inline = Inline::default()
        .text("icon", ui.icon.as_ref())
        .text("title", ui.title.as_ref())
        .text("description", ui.description.as_ref())
        .list("forms", ui.forms.iter().map(form))
        .list("monitors", ui.monitors.iter().map(monitor));
    if let Some(told) = &ui.notifications {
        let told = Inline::default()
            .put("topic", quoted(&told.topic))
            .text("id_field", told.id_field.as_ref())
            .text("state_field", told.state_field.as_ref());
        inline = inline.put("notifications", told.done());
    }
    inline.done()
}

fn form(form: &Form) -> String {
    let mut inline = Inline::default()
        .put("id", quoted(&form.id))
        .text("title", form.title.as_ref())
        .text("layout", form.layout.as_ref())
        .list("fields", form.fields.iter().map(field));
    if let Some(submit) = &form.submit {
        let submit = Inline::default()
            .text("label", submit.label.as_ref())
            .text("style", submit.style.as_ref())
            .text("endpoint", submit.endpoint.as_ref());
        inline = inline.put("submit", submit.done());
    }
    inline.done()
}

fn field(field: &Field) -> String {
    let mut inline = Inline::default()
        .put("name", quoted(&field.name))
        .put("type", word(&FieldKind::ALL, &field.kind))
        .text("label", field.label.as_ref());
    inline = match &field.default {
        None => inline,
        Some(Scalar::Boolean(truth)) => inline.put("default", truth),
        Some(Scalar::Integer(number)) => inline.put("default", number),
        // Always with a point or an exponent, by which TOML tells it from an integer.
        Some(Scalar::Number(number)) => inline.put("default", format_args!("{number:?}")),
        Some(Scalar::Text(text)) => inline.put("default", quoted(text)),
    };
    inline = inline.text("placeholder", field.placeholder.as_ref());
    if field.required {
        inline = inline.put("required", true);
    }
    inline
        .list("options", field.options.iter().map(|option| quoted(option)))
        .text("options_endpoint", field.options_endpoint.as_ref())
        .done()
}

fn monitor(monitor: &Monitor) -> String {
    let inline = Inline::default()
        .put("id", quoted(&monitor.id))
        .text("title", monitor.title.as_ref())
        .put("type", word(&MonitorKind::ALL, &monitor.kind))
        .text("empty_text", monitor.empty_text.as_ref());
    match monitor.auto_load {
        Some(truth) => inline.put("auto_load", truth).done(),
        None => inline.done(),
    }
}

/// What is said of the module.
pub(crate) fn module(module: &Module) -> String {
    Inline::default()
        .put("length", module.length)
        .put("sha256", quoted(&module.digits()))
        .done()
}
