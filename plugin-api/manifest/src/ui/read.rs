//! The table `ui`, checked.

use super::{
    Field, FieldKind, Form, MAX_FIELDS, MAX_LEN, MAX_OPTIONS, MAX_PARTS, Monitor, MonitorKind,
    Notifications, Scalar, Submit, Ui,
    place::{Place, line, text},
    write,
};
use crate::{
    check::Checker,
    keys,
    tree::{Entry, Node, Value},
};

/// The key `ui`.
pub(crate) fn ui(checker: &mut Checker, entry: Option<Entry<'_>>) -> Option<Box<Ui>> {
    let node = entry?.node;
    let at = node.at;
    let mut place = Place::open(checker, "ui".to_owned(), node, "a table")?;
    let (icon, title) = (place.line("icon"), place.line("title"));
    let description = place.text("description");
    let forms = place.list("forms", MAX_PARTS, form);
    place.each_once("forms", &forms, |form| &form.id);
    let monitors = place.list("monitors", MAX_PARTS, monitor);
    place.each_once("monitors", &monitors, |monitor| &monitor.id);
    let notifications = notifications(&mut place);
    place.close(keys::UI);
    let ui = Ui {
        icon,
        title,
        description,
        forms: bare(forms),
        monitors: bare(monitors),
        notifications,
    };
    let len = write::written(&ui).len();
    if len > MAX_LEN {
        let expected = format!("a table of at most {MAX_LEN} bytes as it is embedded");
        checker.wrong("ui", at, expected, len.to_string());
    }
    Some(Box::new(ui))
}

fn bare<T>(placed: Vec<(u32, T)>) -> Vec<T> {
    placed.into_iter().map(|(_, value)| value).collect()
}

fn form(checker: &mut Checker, path: String, node: Node<'_>) -> Option<Form> {
    let mut place = Place::open(checker, path, node, "a table such as { id = \"submit\" }")?;
    let id = place.own_name("id");
    let (title, layout) = (place.line("title"), place.line("layout"));
    let fields = place.list("fields", MAX_FIELDS, field);
    place.each_once("fields", &fields, |field| &field.name);
    let submit = submit(&mut place);
    place.close(keys::UI_FORM);
    Some(Form {
        id: id?,
        title,
        layout,
        fields: bare(fields),
        submit,
    })
}

fn submit(form: &mut Place<'_, '_>) -> Option<Submit> {
    let (node, path) = (form.take("submit")?, form.key("submit"));
    let example = "a table such as { label = \"Send\", endpoint = \"/jobs\" }";
    let mut place = Place::open(form.checker, path, node, example)?;
    let submit = Submit {
        label: place.line("label"),
        style: place.line("style"),
        endpoint: place.endpoint("endpoint"),
    };
    place.close(keys::UI_SUBMIT);
    Some(submit)
}

fn field(checker: &mut Checker, path: String, node: Node<'_>) -> Option<Field> {
    let mut place = Place::open(checker, path, node, "a table such as { name = \"title\" }")?;
    let name = place.own_name("name");
    // Of a type that is wrong nothing more is known.
    let kind = match place.table.has("type") {
        true => place.word("type", &FieldKind::ALL),
        false => Some(FieldKind::default()),
    };
    let (label, placeholder) = (place.line("label"), place.line("placeholder"));
    let required = place.flag("required").unwrap_or_default();
    let has_options = place.table.has("options");
    let has_endpoint = place.table.has("options_endpoint");
    let options = place.list("options", MAX_OPTIONS, line);
    place.each_once("options", &options, |option| option);
    let options = bare(options);
    let options_endpoint = place.endpoint("options_endpoint");
    let default = place.take("default");
    if let Some(kind) = kind {
        chosen(&mut place, kind, has_options, has_endpoint);
    }
    let default = default.and_then(|node| first(&mut place, kind?, &options, node));
    place.close(keys::UI_FIELD);
    Some(Field {
        name: name?,
        kind: kind?,
        label,
        default,
        placeholder,
        required,
        options,
        options_endpoint,
    })
}

/// Options belong to a select, and a select has some.
fn chosen(place: &mut Place<'_, '_>, kind: FieldKind, has_options: bool, has_endpoint: bool) {
    let (key, expected, found) = match (kind, has_options, has_endpoint) {
        (FieldKind::Select, false, false) => {
            let expected = "`options` or `options_endpoint`, as it is a select";
            (place.path.clone(), expected, "neither")
        }
        (FieldKind::Select, ..) | (_, false, false) => return,
        (_, true, _) => (place.key("options"), "a select", "a field of another type"),
        (_, false, true) => {
            let key = place.key("options_endpoint");
            (key, "a select", "a field of another type")
        }
    };
    place.checker.wrong(key, place.at, expected, found);
}

/// What a field holds at first, where that fits its type.
fn first(
    place: &mut Place<'_, '_>,
    kind: FieldKind,
    options: &[String],
    node: Node<'_>,
) -> Option<Scalar> {
    let key = place.key("default");
    let at = node.at;
    let expected = match (kind, &node.value) {
        (FieldKind::Checkbox | FieldKind::Hidden, Value::Boolean(truth)) => {
            return Some(Scalar::Boolean(*truth));
        }
        (FieldKind::Number | FieldKind::Hidden, Value::Integer(number)) => {
            return Some(Scalar::Integer(*number));
        }
        (FieldKind::Number | FieldKind::Hidden, Value::Float(number)) if number.is_finite() => {
            return Some(Scalar::Number(*number));
        }
        (FieldKind::Textarea | FieldKind::Hidden, Value::String(_)) => {
            return text(place.checker, key, node).map(Scalar::Text);
        }
        (FieldKind::Text, Value::String(_)) => {
            return line(place.checker, key, node).map(Scalar::Text);
        }
        (FieldKind::Select, Value::String(text))
            if options.is_empty() || options.iter().any(|option| option == text) =>
        {
            return line(place.checker, key, node).map(Scalar::Text);
        }
        (FieldKind::Select, _) => "one of its options",
        (FieldKind::Checkbox, _) => "a boolean",
        (FieldKind::Number, _) => "a number",
        (FieldKind::Text | FieldKind::Textarea, _) => "a string",
        (FieldKind::Hidden, _) => "a string, a number or a boolean",
    };
    place
        .checker
        .wrong(key, at, expected, node.value.describe());
    None
}

fn monitor(checker: &mut Checker, path: String, node: Node<'_>) -> Option<Monitor> {
    let example = "a table such as { id = \"tasks\", type = \"task_list\" }";
    let mut place = Place::open(checker, path, node, example)?;
    let id = place.own_name("id");
    let title = place.line("title");
    let kind = match place.table.has("type") {
        true => place.word("type", &MonitorKind::ALL),
        false => place.missing("type", "the type of the monitor, such as \"table\""),
    };
    let empty_text = place.line("empty_text");
    let auto_load = place.flag("auto_load");
    place.close(keys::UI_MONITOR);
    Some(Monitor {
        id: id?,
        title,
        kind: kind?,
        empty_text,
        auto_load,
    })
}

fn notifications(ui: &mut Place<'_, '_>) -> Option<Notifications> {
    let (node, path) = (ui.take("notifications")?, ui.key("notifications"));
    let example = "a table such as { topic = \"job_status\", id_field = \"job_id\" }";
    let mut place = Place::open(ui.checker, path, node, example)?;
    let topic = place.own_name("topic");
    let (id_field, state_field) = (place.name("id_field"), place.name("state_field"));
    place.close(keys::UI_NOTIFICATIONS);
    Some(Notifications {
        topic: topic?,
        id_field,
        state_field,
    })
}
