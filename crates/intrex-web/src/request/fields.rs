//! Named fields, from a form, a query or a JSON object, decoded into the same raw structs. Serde's own messages name a
//! wrong field in prose only; here the error is the field and its sentence, so that a person finds it beside the field and
//! a program below `errors`.

use intrex_core::{
    Error,
    catalogue::{Text, keys},
};
use serde::{
    Deserialize,
    de::{
        self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess,
        Visitor, value::SeqDeserializer,
    },
    forward_to_deserialize_any,
};

/// Fields in one request at most; raw structs have a few dozen.
const MAX_FIELDS: usize = 1_000;
/// A field's name is repeated in the answer only up to here, in characters.
const MAX_SHOWN_NAME: usize = 100;
/// Where something is wrong with the request as a whole.
const WHOLE: &str = "body";

/// What is wrong with a field of which there is one, and that came several times.
const GIVEN_TWICE: &str = "it is given more than once";

/// What was typed into a form, to be shown again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed(pub(crate) Vec<(String, String)>);

impl From<Vec<(String, String)>> for Typed {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Typed(pairs)
    }
}

/// A field's value as it arrived.
#[derive(Debug)]
pub(crate) enum Value {
    /// The values of a form's field, one or more, as typed.
    Typed(Vec<String>),
    /// A JSON value.
    Json(serde_json::Value),
}

/// Fields by name, in the order of arrival.
pub(crate) type Fields = Vec<(String, Value)>;

/// The pairs of a form or query; none if it is not UTF-8 or has too many.
pub(crate) fn pairs(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    // The lenient decoder would turn bytes that are no text into question marks, and keep them.
    let decoded = url::form_urlencoded::parse(bytes)
        .take(MAX_FIELDS + 1)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect::<Vec<_>>();
    let broken = decoded
        .iter()
        .any(|(name, value)| name.contains('\u{fffd}') || value.contains('\u{fffd}'));
    (decoded.len() <= MAX_FIELDS && !broken).then_some(decoded)
}

/// The pairs with values of one name together.
pub(crate) fn of_pairs(pairs: &[(String, String)]) -> Fields {
    let mut fields: Fields = Vec::new();
    for (name, value) in pairs {
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, Value::Typed(values))) => values.push(value.clone()),
            _ => fields.push((name.clone(), Value::Typed(vec![value.clone()]))),
        }
    }
    fields
}

/// The members of a JSON object.
pub(crate) fn of_object(object: serde_json::Map<String, serde_json::Value>) -> Fields {
    object
        .into_iter()
        .map(|(name, value)| (name, Value::Json(value)))
        .collect()
}

/// The raw struct that the fields make, or which of them is wrong.
pub(crate) fn decode<T: DeserializeOwned>(fields: Fields) -> Result<T, Error> {
    T::deserialize(Decoder(fields)).map_err(|wrong| {
        let field = wrong.field.unwrap_or_else(|| WHOLE.to_owned());
        Error::invalid(field, wrong.text)
    })
}

/// A parameter of which there is one, and that came several times.
pub(crate) fn given_twice(name: &str) -> Error {
    let shown: String = name.chars().take(MAX_SHOWN_NAME).collect();
    Error::invalid(shown, malformed(GIVEN_TWICE))
}

/// Something about the request as a whole that cannot be read.
pub(crate) fn malformed(detail: impl Into<String>) -> Text {
    Text::new(keys::ERROR_FIELD_MALFORMED).with("detail", detail.into())
}

/// Which field is wrong, and why.
#[derive(Debug)]
pub(crate) struct Wrong {
    field: Option<String>,
    text: Text,
}

impl Wrong {
    fn at(mut self, field: &str) -> Self {
        self.field = Some(match self.field {
            // Inside a JSON value: `completion.note`.
            Some(inner) => format!("{field}.{inner}"),
            None => field.to_owned(),
        });
        self
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {:?}", self.field, self.text.key)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Wrong {
            field: None,
            text: malformed(message.to_string()),
        }
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Wrong {
            field: Some(field.chars().take(MAX_SHOWN_NAME).collect()),
            text: keys::ERROR_FIELD_UNKNOWN.into(),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Wrong {
            field: Some(field.to_owned()),
            text: keys::ERROR_FIELD_REQUIRED.into(),
        }
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Wrong {
            field: None,
            text: Text::new(keys::ERROR_FIELD_WRONG_TYPE).with("expected", expected.to_string()),
        }
    }
}

struct Decoder(Fields);

impl<'de> Deserializer<'de> for Decoder {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_map(Members {
            rest: self.0.into_iter(),
            value: None,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Members {
    rest: std::vec::IntoIter<(String, Value)>,
    value: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Wrong> {
        self.value = self.rest.next();
        match &self.value {
            None => Ok(None),
            Some((name, _)) => seed
                .deserialize(name.as_str().into_deserializer())
                .map(Some),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let Some((name, value)) = self.value.take() else {
            return Err(de::Error::custom("a value without its name"));
        };
        seed.deserialize(value).map_err(|wrong| wrong.at(&name))
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self {
            // Several values of one name are a list; where one is expected, that is the wrong type.
            Value::Typed(values) => match <[String; 1]>::try_from(values) {
                Ok([value]) => visitor.visit_string(value),
                Err(values) => visitor.visit_seq(SeqDeserializer::new(values.into_iter())),
            },
            Value::Json(serde_json::Value::Null) => visitor.visit_unit(),
            Value::Json(serde_json::Value::Bool(value)) => visitor.visit_bool(value),
            Value::Json(serde_json::Value::Number(value)) => match (value.as_u64(), value.as_i64())
            {
                (Some(whole), _) => visitor.visit_u64(whole),
                (None, Some(whole)) => visitor.visit_i64(whole),
                (None, None) => visitor.visit_f64(value.as_f64().unwrap_or(f64::NAN)),
            },
            Value::Json(serde_json::Value::String(value)) => visitor.visit_string(value),
            Value::Json(serde_json::Value::Array(values)) => {
                let mut items = SeqDeserializer::new(values.into_iter().map(Value::Json));
                let made = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(made)
            }
            Value::Json(serde_json::Value::Object(object)) => {
                Decoder(of_object(object)).deserialize_any(visitor)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self {
            Value::Json(serde_json::Value::Null) => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self {
            Value::Typed(values) => visitor.visit_seq(SeqDeserializer::new(
                values.into_iter().map(|value| Value::Typed(vec![value])),
            )),
            json => json.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let name_of = |text: String| {
            let text: de::value::StringDeserializer<Wrong> = text.into_deserializer();
            text
        };
        match self {
            Value::Typed(values) => match <[String; 1]>::try_from(values) {
                Ok([value]) => name_of(value).deserialize_enum(name, variants, visitor),
                Err(_) => Err(de::Error::custom(GIVEN_TWICE)),
            },
            Value::Json(serde_json::Value::String(value)) => {
                name_of(value).deserialize_enum(name, variants, visitor)
            }
            Value::Json(_) => Err(de::Error::invalid_type(
                de::Unexpected::Other("another value"),
                &"a text",
            )),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Wrong> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// No field at all: the body of a request that says everything in its address.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Raw {
        title: Option<String>,
        #[serde(default)]
        days: Vec<String>,
        #[serde(default)]
        count: Option<u32>,
    }

    fn form(text: &str) -> Result<Raw, Error> {
        decode(of_pairs(&pairs(text.as_bytes()).expect("UTF-8")))
    }

    fn json(text: &str) -> Result<Raw, Error> {
        let serde_json::Value::Object(object) = serde_json::from_str(text).expect("JSON") else {
            panic!("an object")
        };
        decode(of_object(object))
    }

    fn wrong(result: Result<Raw, Error>) -> String {
        match result {
            Err(Error::Invalid(fields)) => fields[0].field.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_form_and_an_object_make_the_same_struct() {
        let expected = Raw {
            title: Some("File VAT & tax".to_owned()),
            days: vec!["30".to_owned(), "7".to_owned()],
            count: None,
        };
        assert_eq!(
            form("title=File+VAT+%26+tax&days=30&days=7").expect("decodes"),
            expected
        );
        assert_eq!(
            json(r#"{"days":["30","7"],"title":"File VAT & tax"}"#).expect("decodes"),
            expected
        );
        assert_eq!(json(r#"{"title":null}"#).expect("decodes").title, None);
        assert_eq!(form("days=30").expect("decodes").days, ["30"]);
        assert_eq!(json(r#"{"count":3}"#).expect("decodes").count, Some(3));
    }

    #[test]
    fn the_wrong_field_is_named() {
        assert_eq!(wrong(form("titel=x")), "titel");
        assert_eq!(wrong(form("title=a&title=b")), "title");
        assert_eq!(wrong(json(r#"{"title":3}"#)), "title");
        assert_eq!(wrong(json(r#"{"title":["x"]}"#)), "title");
        assert_eq!(wrong(json(r#"{"title":{"a":1}}"#)), "title");
        assert_eq!(wrong(json(r#"{"days":"30"}"#)), "days");
        assert_eq!(wrong(json(r#"{"days":[1]}"#)), "days");
        assert_eq!(wrong(json(r#"{"count":-1}"#)), "count");
        assert_eq!(wrong(json(r#"{"count":1.5}"#)), "count");
        assert_eq!(wrong(json(r#"{"x":1}"#)), "x");
    }

    #[test]
    fn what_is_no_text_is_no_form() {
        assert_eq!(pairs(b"title=%ff"), None);
        assert_eq!(pairs("a=1&".repeat(MAX_FIELDS + 1).as_bytes()), None);
        assert_eq!(pairs(b""), Some(vec![]));
    }
}
