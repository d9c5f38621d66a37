use serde::Serialize;

/// A section that a plugin adds to the menu of what stands in front of the host; given by
/// [`Plugin::menu`](crate::Plugin::menu).
///
/// ```
/// # use plugin_api::{MenuItem, MenuSection};
/// let section = MenuSection::new("machine", "The machine")
///     .order(20)
///     .item(MenuItem::new("disks", "Disks", "/sysinfo/disks").icon("disk"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MenuSection {
    id: String,
    label: String,
    icon: Option<String>,
    items: Vec<MenuItem>,
    order: i64,
}

impl MenuSection {
    /// A section without items, of the order 100.
    pub fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            icon: None,
            items: Vec::new(),
            order: 100,
        }
    }

    /// With an icon: what it names is a matter of who shows the menu.
    #[must_use]
    pub fn icon(mut self, icon: impl Into<String>) -> Self {
        self.icon = Some(icon.into());
        self
    }

    /// With one more item, below those before it.
    #[must_use]
    pub fn item(mut self, item: MenuItem) -> Self {
        self.items.push(item);
        self
    }

    /// Where it stands: what has the smaller number comes first.
    #[must_use]
    pub fn order(mut self, order: i64) -> Self {
        self.order = order;
        self
    }
}

/// One line of a [`MenuSection`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MenuItem {
    id: String,
    label: String,
    path: String,
    icon: Option<String>,
}

impl MenuItem {
    /// An item that leads to that path.
    pub fn new(id: impl Into<String>, label: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            path: path.into(),
            icon: None,
        }
    }

    /// With an icon: what it names is a matter of who shows the menu.
    #[must_use]
    pub fn icon(mut self, icon: impl Into<String>) -> Self {
        self.icon = Some(icon.into());
        self
    }
}
