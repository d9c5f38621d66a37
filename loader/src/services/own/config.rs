use crate::context::{Room, answer};
use jackfield_abi::{
    Config, ConfigObject, Failure, FailureCode, ROption, RResult, RStr, RString,
    abi_stable::type_level::downcasting::TD_Opaque,
};
use serde_json::Value;
use std::sync::Arc;

/// The configuration of one plugin, as that plugin sees it; nobody else's can be reached.
struct Side(Arc<Room>);

pub(super) fn object(room: &Arc<Room>) -> ConfigObject {
    ConfigObject::from_value(Side(Arc::clone(room)), TD_Opaque)
}

impl Config for Side {
    fn get(&self, pointer: RStr<'_>) -> RResult<ROption<RString>, Failure> {
        answer(|| {
            let text = self.0.config.text();
            let pointer = pointer.as_str();
            if pointer.is_empty() {
                return Ok(ROption::RSome(text.into()));
            }
            if !pointer.starts_with('/') {
                return Err(Failure::new(
                    FailureCode::INVALID,
                    format!(
                        "`{pointer}` is no JSON pointer: expected nothing, or `/` before each key, \
                         such as `/limits/most`"
                    ),
                ));
            }
            // The text around a fault would hold values, which may be secret.
            let config: Value = serde_json::from_str(&text).map_err(|_| {
                Failure::new(FailureCode::ERROR, "the configuration is no JSON any more")
            })?;
            let value = config.pointer(pointer).map(Value::to_string);
            Ok(value.map(RString::from).into())
        })
    }

    fn revision(&self) -> u64 {
        self.0.config.revision()
    }

    fn host(&self) -> RString {
        self.0.shared.facts.json.as_str().into()
    }
}
