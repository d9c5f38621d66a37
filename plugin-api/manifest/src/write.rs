//! The embedded text, written: one key a line, so that `readelf -n` shows it readably and the plain
//! reader takes it.

use crate::{
    Build, Deadlines, Manifest, Panic, Permissions, Supervision, Target, TopicPattern, supervision,
    ui,
};
use std::fmt::{Display, Write};

impl Manifest {
    /// The embedded text: what a note holds after its format version.
    pub fn to_toml(&self) -> String {
        format!("{}\n{}", build_line(&self.build), self.body())
    }

    /// The embedded text without its first line, `build`, which is known only where the plugin is
    /// compiled.
    pub fn body(&self) -> String {
        let mut lines = Lines(String::new());
        lines.line("id", quoted(self.id.as_str()));
        lines.line("name", quoted(&self.name));
        lines.line("version", quoted(&self.version.to_string()));
        lines.text("description", &self.description);
        lines.list("authors", self.authors.iter().map(|author| quoted(author)));
        lines.text("license", &self.license);
        lines.line("kind", quoted(self.kind.as_str()));
        lines.line("priority", self.priority);
        lines.list("requires", self.requires.iter().map(requirement));
        lines.list("provides", self.provides.iter().map(provision));
        let ids = |ids: &[crate::PluginId]| -> Vec<_> {
            ids.iter().map(|id| quoted(id.as_str())).collect()
        };
        lines.list("after", ids(&self.after).into_iter());
        lines.list("before", ids(&self.before).into_iter());
        let capabilities = self.capabilities.iter();
        lines.list("capabilities", capabilities.map(|word| quoted(word)));
        if self.permissions != Permissions::default() {
            lines.line("permissions", permissions(&self.permissions));
        }
        if self.deadlines != Deadlines::default() {
            lines.line("deadlines", deadlines(self.deadlines));
        }
        if self.supervision != Supervision::default() {
            lines.line("supervision", supervision::written(self.supervision));
        }
        if let Some(schema) = &self.config_schema {
            lines.line("config_schema", quoted(schema));
        }
        if let Some(ui) = &self.ui {
            lines.line("ui", ui::write::written(ui));
        }
        if let Some(module) = &self.ui_module {
            lines.line("ui_module", ui::write::module(module));
        }
        lines.0
    }
}

struct Lines(String);

impl Lines {
    fn line(&mut self, key: &str, value: impl Display) {
        writeln!(self.0, "{key} = {value}").expect("writing to a String cannot fail");
    }

    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.line(key, quoted(text));
        }
    }

    fn list(&mut self, key: &str, entries: impl Iterator<Item = String>) {
        let entries: Vec<_> = entries.collect();
        if !entries.is_empty() {
            self.line(key, format_args!("[{}]", entries.join(", ")));
        }
    }
}

fn build_line(build: &Build) -> String {
    let panic = match build.panic {
        Panic::Unwind => "unwind",
        Panic::Abort => "abort",
    };
    format!(
        "build = {{ abi = {}, target = {}, rustc = {}, panic = {}, sdk = {} }}",
        quoted(&build.abi.to_string()),
        quoted(&build.target),
        quoted(&build.rustc),
        quoted(panic),
        quoted(&build.sdk.to_string()),
    )
}

fn requirement(requirement: &crate::Requirement) -> String {
    let (key, id) = match &requirement.target {
        Target::Plugin(id) => ("plugin", id.as_str()),
        Target::Service(id) => ("service", id.as_str()),
    };
    let range = quoted(&requirement.range.to_string());
    let optional = if requirement.optional {
        ", optional = true"
    } else {
        ""
    };
    format!("{{ {key} = {}, range = {range}{optional} }}", quoted(id))
}

fn provision(provision: &crate::Provision) -> String {
    let service = quoted(provision.service.as_str());
    let version = quoted(&provision.version.to_string());
    format!("{{ service = {service}, version = {version} }}")
}

fn permissions(permissions: &Permissions) -> String {
    let list = |patterns: &[TopicPattern]| {
        let patterns: Vec<_> = patterns.iter().map(|p| quoted(p.as_str())).collect();
        patterns.join(", ")
    };
    format!(
        "{{ publish = [{}], subscribe = [{}] }}",
        list(&permissions.publish),
        list(&permissions.subscribe)
    )
}

fn deadlines(deadlines: Deadlines) -> String {
    format!(
        "{{ initialize_ms = {}, start_ms = {}, stop_ms = {} }}",
        deadlines.initialize.as_millis(),
        deadlines.start.as_millis(),
        deadlines.stop.as_millis()
    )
}

/// A TOML string, without escapes where one of the two sorts can do without.
pub(crate) fn quoted(text: &str) -> String {
    let plain = !text.chars().any(char::is_control);
    if plain && !text.contains(['"', '\\']) {
        return format!("\"{text}\"");
    }
    if plain && !text.contains('\'') {
        return format!("'{text}'");
    }
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            c if c.is_control() => {
                write!(quoted, "\\u{:04X}", u32::from(c)).expect("writing to a String cannot fail");
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
