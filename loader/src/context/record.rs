//! A plugin's log record in the host's log.

use jackfield_abi::LogRecord;
use std::fmt;

pub(super) fn log_record(id: &str, record: &LogRecord<'_>) {
    let fields: Vec<(&str, &str)> = record
        .fields
        .as_slice()
        .iter()
        .map(|field| (field.key.as_str(), field.value.as_str()))
        .collect();
    let place = (record.file.as_str(), record.line);
    let target = record.target.as_str();
    log_fields(id, record.level.0, target, place, &record.message, &fields);
}

/// The same of its parts: whose it is, its level in the numbers of the `log` crate, its target, file and
/// line, text and fields.
pub(crate) fn log_fields(
    id: &str,
    level: u32,
    target: &str,
    (file, line): (&str, u32),
    message: &dyn fmt::Display,
    fields: &[(&str, &str)],
) {
    let level = match level {
        0 => return,
        1 => log::Level::Error,
        2 => log::Level::Warn,
        3 => log::Level::Info,
        4 => log::Level::Debug,
        _ => log::Level::Trace,
    };
    log::logger().log(
        &log::Record::builder()
            .level(level)
            .target(id)
            .module_path(Some(target))
            .file(Some(file).filter(|file| !file.is_empty()))
            .line(Some(line).filter(|line| *line > 0))
            .key_values(&fields)
            .args(format_args!("{message}"))
            .build(),
    );
}
