//! What is a number, however deep.

use plugin_api::serde_json::Value;
use tracking_api::Map;

/// The most numbers of one map; those that come after are left out, and counted.
pub(crate) const MOST: usize = 1000;
/// How deep it looks.
const DEPTH: usize = 16;

/// The numbers of a map under dotted names, in its order, and how many more there were.
pub(crate) fn flatten(map: &Map) -> (Vec<(String, f64)>, usize) {
    let mut numbers = Numbers::default();
    for (key, value) in map {
        numbers.add(key.clone(), value, DEPTH);
    }
    (numbers.found, numbers.more)
}

#[derive(Default)]
struct Numbers {
    found: Vec<(String, f64)>,
    more: usize,
}

impl Numbers {
    fn add(&mut self, name: String, value: &Value, depth: usize) {
        match value {
            Value::Number(number) => {
                // A number of JSON that is too large for one is none.
                let number = number.as_f64().filter(|number| number.is_finite());
                match number {
                    Some(number) if self.found.len() < MOST => self.found.push((name, number)),
                    Some(_) => self.more += 1,
                    None => {}
                }
            }
            Value::Array(items) if depth > 0 => {
                for (index, item) in items.iter().enumerate() {
                    self.add(format!("{name}.{index}"), item, depth - 1);
                }
            }
            Value::Object(map) if depth > 0 => {
                for (key, value) in map {
                    self.add(format!("{name}.{key}"), value, depth - 1);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::serde_json::json;

    #[test]
    fn numbers_are_found_however_deep_and_nothing_else() {
        let map = json!({
            "cpu": 12.5, "freq": {"current": 2400, "unit": "MHz"}, "up": true, "none": null,
            "top": [{"pid": 1}, {"pid": 2}], "text": "3",
        });
        let (found, more) = flatten(map.as_object().unwrap());
        let names: Vec<(&str, f64)> = found
            .iter()
            .map(|(name, value)| (&**name, *value))
            .collect();
        let expected = [
            ("cpu", 12.5),
            ("freq.current", 2400.0),
            ("top.0.pid", 1.0),
            ("top.1.pid", 2.0),
        ];
        assert_eq!((names.as_slice(), more), (expected.as_slice(), 0));
    }

    #[test]
    fn there_is_a_bound() {
        let map = json!({ "many": vec![1; MOST + 5] });
        let (found, more) = flatten(map.as_object().unwrap());
        assert_eq!((found.len(), more), (MOST, 5));
    }
}
