use crate::config::Config;
use jackfield_loader::nearest;

/// What the configuration enables and no file holds, in words.
pub(super) fn absent<'a>(config: &Config, found: impl Iterator<Item = &'a str>) -> Vec<String> {
    let found: Vec<&str> = found.collect();
    let enabled = config.settings.iter();
    enabled
        .filter(|(id, settings)| settings.enabled == Some(true) && !found.contains(&id.as_str()))
        .map(|(id, _)| match nearest(id, found.iter().copied()) {
            Some(near) => {
                format!("{id} is enabled, and no plugin has that id, did you mean `{near}`?")
            }
            None => format!("{id} is enabled, and no plugin has that id"),
        })
        .collect()
}
