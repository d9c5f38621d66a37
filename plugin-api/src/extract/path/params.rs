use super::{error::PathError, value::Value};
use crate::{Request, Result};
use serde::{
    Deserializer,
    de::{
        Error as _, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
};

/// All parameters of a path, in the pattern's order.
pub(super) struct Params<'a>(Vec<Value<'a>>);

impl<'a> Params<'a> {
    pub(super) fn of(request: &Request<'a>) -> Result<Self> {
        let names = request.params().iter().map(|&(name, _)| name);
        let values = names.map(|name| {
            Ok(Value {
                name,
                text: request.param(name)?,
            })
        });
        Ok(Self(values.collect::<Result<_>>()?))
    }

    /// The only one.
    fn one(mut self) -> Result<Value<'a>, PathError> {
        match (self.0.pop(), self.0.len()) {
            (Some(value), 0) => Ok(value),
            (Some(_), more) => Err(PathError::custom(format!(
                "expected a pattern with one parameter, found {}: take a tuple or a struct",
                more + 1
            ))),
            (None, _) => Err(PathError::custom("the pattern has no parameter")),
        }
    }

    fn seq<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError>
    where
        'a: 'de,
        Value<'a>: serde::de::IntoDeserializer<'de, PathError>,
    {
        let mut values = SeqDeserializer::new(self.0.into_iter());
        let read = visitor.visit_seq(&mut values)?;
        values.end()?;
        Ok(read)
    }
}

macro_rules! only_one {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
            self.one()?.$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Params<'de> {
    type Error = PathError;

    only_one! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32
        deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_option deserialize_unit deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.one()?.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _type: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        self.seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _type: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        let values = self.0.into_iter().map(|value| (value.name, value));
        visitor.visit_map(MapDeserializer::new(values))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _type: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.one()?.deserialize_enum(name, variants, visitor)
    }
}
