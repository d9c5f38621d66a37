use super::error::PathError;
use serde::{
    Deserializer,
    de::{IntoDeserializer, Visitor, value::CowStrDeserializer},
};
use std::borrow::Cow;

/// One parameter: its text becomes whatever the type asks for.
pub(super) struct Value<'a> {
    pub(super) name: &'a str,
    pub(super) text: Cow<'a, str>,
}

impl Value<'_> {
    fn unlike(&self, expected: &str) -> PathError {
        PathError::Value {
            name: self.name.to_owned(),
            text: format!("expected {expected}, found {:?}", self.text),
        }
    }
}

impl<'de> IntoDeserializer<'de, PathError> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $expected:literal),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
            match self.text.parse() {
                Ok(value) => visitor.$visit(value).map_err(|error: PathError| error.of(self.name)),
                Err(_) => Err(self.unlike($expected)),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = PathError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        let read = match self.text {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        };
        read.map_err(|error: PathError| error.of(self.name))
    }

    parsed! {
        deserialize_bool visit_bool "true or false",
        deserialize_i8 visit_i8 "an integer of 8 bits",
        deserialize_i16 visit_i16 "an integer of 16 bits",
        deserialize_i32 visit_i32 "an integer of 32 bits",
        deserialize_i64 visit_i64 "an integer of 64 bits",
        deserialize_i128 visit_i128 "an integer of 128 bits",
        deserialize_u8 visit_u8 "a number from 0 to 255",
        deserialize_u16 visit_u16 "a number from 0 to 65535",
        deserialize_u32 visit_u32 "a number from 0 to 4294967295",
        deserialize_u64 visit_u64 "a number from 0 to 18446744073709551615",
        deserialize_u128 visit_u128 "a number from 0 on, of 128 bits",
        deserialize_f32 visit_f32 "a number",
        deserialize_f64 visit_f64 "a number",
        deserialize_char visit_char "one character"
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _type: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _type: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathError> {
        let text = CowStrDeserializer::new(self.text);
        visitor
            .visit_enum(text)
            .map_err(|error: PathError| error.of(self.name))
    }

    serde::forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}
