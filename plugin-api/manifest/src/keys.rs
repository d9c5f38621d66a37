//! Every key that there is. `docs/manifest.md` has the same table; a test compares the two.

/// A key of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// The type of its value, in the words of the documentation.
    pub kind: &'static str,
    /// What holds where it is absent, in the words of the documentation.
    pub default: &'static str,
}

const fn key(name: &'static str, kind: &'static str, default: &'static str) -> Key {
    Key {
        name,
        kind,
        default,
    }
}

/// The keys of `plugin.toml`.
pub const PLUGIN: &[Key] = &[
    key("id", "string", "the Cargo package's name"),
    key("name", "string", "the id"),
    key("version", "string", "the Cargo package's version"),
    key("description", "string", "the Cargo package's description"),
    key("authors", "array of strings", "the Cargo package's authors"),
    key("license", "string", "the Cargo package's licence"),
    key("kind", "string", "`\"business\"`"),
    key("priority", "integer", "that of the kind"),
    key("requires", "array of tables", "none"),
    key("provides", "array of tables", "none"),
    key("after", "array of strings", "none"),
    key("before", "array of strings", "none"),
    key("capabilities", "array of strings", "none"),
    key("permissions", "table", "none"),
    key("deadlines", "table", "30 s, 30 s, 10 s"),
    key("supervision", "table", "restarted after a failure"),
    key("config_schema", "string", "none"),
    key("config", "table", "none"),
    key("ui", "table", "none"),
    key("ui_module", "string", "none"),
];

/// The keys of the embedded text that are not those of `plugin.toml`.
pub const EMBEDDED: &[Key] = &[key("build", "table", "required")];

/// The keys of an entry of `requires`.
pub const REQUIRES: &[Key] = &[
    key("plugin", "string", "this or `service` is required"),
    key("service", "string", "this or `plugin` is required"),
    key("range", "string", "required"),
    key("optional", "boolean", "`false`"),
];

/// The keys of an entry of `provides`.
pub const PROVIDES: &[Key] = &[
    key("service", "string", "required"),
    key("version", "string", "required"),
];

/// The keys of `permissions`.
pub const PERMISSIONS: &[Key] = &[
    key("publish", "array of strings", "none"),
    key("subscribe", "array of strings", "none"),
];

/// The keys of `deadlines`.
pub const DEADLINES: &[Key] = &[
    key("initialize_ms", "integer", "`30000`"),
    key("start_ms", "integer", "`30000`"),
    key("stop_ms", "integer", "`10000`"),
];

/// The keys of `supervision`.
pub const SUPERVISION: &[Key] = &[
    key("restart", "string", "`\"on-failure\"`"),
    key("on_panic", "string", "`\"fail\"`"),
    key("health_interval_ms", "integer", "`15000`"),
    key("health_deadline_ms", "integer", "`3000`"),
    key("restart_when_unhealthy", "boolean", "`false`"),
];

/// The keys of a field of `config`.
pub const FIELD: &[Key] = &[
    key("type", "string", "required"),
    key("required", "boolean", "`false`"),
    key("default", "as `type` says", "none"),
    key("description", "string", "none"),
    key("minimum", "number", "none"),
    key("maximum", "number", "none"),
    key("enum", "array", "none"),
    key("options", "array", "none"),
    key("secret", "boolean", "`false`"),
];

/// The keys of `ui`.
pub const UI: &[Key] = &[
    key("icon", "string", "none"),
    key("title", "string", "none"),
    key("description", "string", "none"),
    key("forms", "array of tables", "none"),
    key("monitors", "array of tables", "none"),
    key("notifications", "table", "none"),
];

/// The keys of an entry of `ui.forms`.
pub const UI_FORM: &[Key] = &[
    key("id", "string", "required"),
    key("title", "string", "none"),
    key("layout", "string", "none"),
    key("fields", "array of tables", "none"),
    key("submit", "table", "none"),
];

/// The keys of a field of a form.
pub const UI_FIELD: &[Key] = &[
    key("name", "string", "required"),
    key("type", "string", "`\"text\"`"),
    key("label", "string", "none"),
    key("default", "as `type` says", "none"),
    key("placeholder", "string", "none"),
    key("required", "boolean", "`false`"),
    key("options", "array of strings", "none"),
    key("options_endpoint", "string", "none"),
];

/// The keys of a form's `submit`.
pub const UI_SUBMIT: &[Key] = &[
    key("label", "string", "none"),
    key("style", "string", "none"),
    key("endpoint", "string", "none"),
];

/// The keys of an entry of `ui.monitors`.
pub const UI_MONITOR: &[Key] = &[
    key("id", "string", "required"),
    key("title", "string", "none"),
    key("type", "string", "required"),
    key("empty_text", "string", "none"),
    key("auto_load", "boolean", "none"),
];

/// The keys of `ui.notifications`.
pub const UI_NOTIFICATIONS: &[Key] = &[
    key("topic", "string", "required"),
    key("id_field", "string", "none"),
    key("state_field", "string", "none"),
];

/// The keys of `ui_module` in the embedded text.
pub const UI_MODULE: &[Key] = &[
    key("length", "integer", "required"),
    key("sha256", "string", "required"),
];

/// The keys of `build`.
pub const BUILD: &[Key] = &[
    key("abi", "string", "required"),
    key("target", "string", "required"),
    key("rustc", "string", "required"),
    key("panic", "string", "required"),
    key("sdk", "string", "required"),
];
