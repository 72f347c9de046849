//! Enums whose values are words that are stored and shown to programs: one list says each value, its word and what it means.

/// Makes such an enum, with all values in their order, the word of a value and the value of a word. Other derives may stand
/// before its name. A word is any token here: what writes the schemas does not see through a `literal`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:tt),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
        pub enum $name {
            $($(#[$what])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &[$name] = &[$($name::$variant),+];

            /// As stored and shown to programs.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// The one of this name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema as _;

    #[expect(unreachable_pub, reason = "elsewhere they are shown to other crates")]
    mod example {
        words! {
            /// Two words.
            Example {
                /// The first.
                First = "first.one",
                /// The second.
                Second = "second_one",
            }
        }
    }
    use example::Example;

    #[test]
    fn programs_database_and_schema_have_the_same_words() {
        let words: Vec<_> = Example::ALL.iter().map(|one| one.as_str()).collect();
        assert_eq!(words, ["first.one", "second_one"]);
        let written = serde_json::to_value(Example::ALL).expect("JSON");
        assert_eq!(written, serde_json::json!(words));
        let schema = serde_json::to_value(Example::schema()).expect("JSON");
        assert_eq!(schema["enum"], serde_json::json!(words));
        assert_eq!(Example::parse("second_one"), Some(Example::Second));
        assert_eq!(Example::parse("Second"), None);
    }
}
