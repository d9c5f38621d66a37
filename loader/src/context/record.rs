//! A plugin's log record in the host's log.

use jackfield_abi::LogRecord;

pub(super) fn log_record(id: &str, record: &LogRecord<'_>) {
    let level = match record.level.0 {
        0 => return,
        1 => log::Level::Error,
        2 => log::Level::Warn,
        3 => log::Level::Info,
        4 => log::Level::Debug,
        _ => log::Level::Trace,
    };
    let fields: Vec<(&str, &str)> = record
        .fields
        .as_slice()
        .iter()
        .map(|field| (field.key.as_str(), field.value.as_str()))
        .collect();
    log::logger().log(
        &log::Record::builder()
            .level(level)
            .target(id)
            .module_path(Some(record.target.as_str()))
            .file(Some(record.file.as_str()).filter(|file| !file.is_empty()))
            .line(Some(record.line).filter(|line| *line > 0))
            .key_values(&fields.as_slice())
            .args(format_args!("{}", record.message))
            .build(),
    );
}
