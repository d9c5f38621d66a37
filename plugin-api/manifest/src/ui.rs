//! What a plugin shows of itself in a browser: the table `ui`, and the module that `ui_module` names.

pub(crate) mod module;
pub(crate) mod place;
pub(crate) mod read;
pub(crate) mod write;

pub use module::{MAX_MODULE_LEN, Module};

use serde::{Deserialize, Serialize};

/// The longest table `ui`, in bytes of the embedded text: every list of a host's plugins has it.
pub const MAX_LEN: usize = 16 << 10;
/// The longest name in it, in bytes.
pub const MAX_NAME_LEN: usize = 64;
/// The longest text of one line in it, in bytes.
pub const MAX_LINE_LEN: usize = 256;
/// The longest text of several lines in it, in bytes.
pub const MAX_TEXT_LEN: usize = 4096;
/// The most forms, and the most monitors.
pub const MAX_PARTS: usize = 32;
/// The most fields of a form.
pub const MAX_FIELDS: usize = 64;
/// The most options of a field.
pub const MAX_OPTIONS: usize = 256;

/// The table `ui`. As JSON it has the keys that the author gave, and `type` of each field.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ui {
    /// A character, or a word that the page knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// The page's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is for; may have several lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What can be filled in and sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<Form>,
    /// What is shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monitors: Vec<Monitor>,
    /// Which notifications the page follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notifications: Option<Notifications>,
}

/// Something to fill in and to send.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Its name, which no other form has.
    pub id: String,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How it is laid out: a word that the page knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// Its fields, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// How it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submit: Option<Submit>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Field {
    /// The key that its value is sent under, which no other field of the form has.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// What stands beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it holds at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Scalar>,
    /// What it shows while it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// Whether it must be filled in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// What can be chosen, of a [`FieldKind::Select`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The plugin's route that tells what can be chosen, as a JSON array of strings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options_endpoint: Option<String>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// One line of text. The default.
    #[default]
    Text,
    /// One of some options.
    Select,
    /// A number.
    Number,
    /// Several lines of text.
    Textarea,
    /// Yes or no.
    Checkbox,
    /// What the page sends and does not show.
    Hidden,
}

impl FieldKind {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 6] = [
        ("text", Self::Text),
        ("select", Self::Select),
        ("number", Self::Number),
        ("textarea", Self::Textarea),
        ("checkbox", Self::Checkbox),
        ("hidden", Self::Hidden),
    ];
}

/// What a field may hold at first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Of a checkbox.
    Boolean(bool),
    /// Of a number.
    Integer(i64),
    /// Of a number; finite.
    Number(f64),
    /// Of everything else.
    Text(String),
}

/// How a form is sent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Submit {
    /// What stands on the button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How it looks: a word that the page knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// The plugin's route that the form is posted to, as a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// Something that is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// Its name, which no other monitor has.
    pub id: String,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MonitorKind,
    /// What it shows while there is nothing to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_text: Option<String>,
    /// Whether it is filled when the page is opened, and not only when somebody asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_load: Option<bool>,
}

/// What a monitor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MonitorKind {
    /// Tasks and their states.
    TaskList,
    /// Figures by their names.
    Metrics,
    /// Rows.
    Table,
    /// JSON as it comes.
    Raw,
}

impl MonitorKind {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 4] = [
        ("task_list", Self::TaskList),
        ("metrics", Self::Metrics),
        ("table", Self::Table),
        ("raw", Self::Raw),
    ];
}

/// Which notifications the page follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    /// The topic that the plugin notifies of.
    pub topic: String,
    /// The key of the data that names what a notification is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_field: Option<String>,
    /// The key of the data that has its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_field: Option<String>,
}
