//! Every sentence that a person reads, in every language, from the Fluent files below `locales/`. A build script turns
//! the keys into constants, so that a missing key does not compile and a typing error has nowhere to live.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

/// Names one message of the catalogue. Only the constants of [`keys`] exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(&'static str);

impl Key {
    /// The key as it stands in the file.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The key of this name, if the catalogue has it: for names that come from data (`category-fire_safety`).
    pub fn find(name: &str) -> Option<Key> {
        keys::ALL
            .binary_search_by(|key| key.0.cmp(name))
            .ok()
            .map(|at| keys::ALL[at])
    }
}

/// One constant for each message of the English catalogue.
pub mod keys {
    use super::Key;
    include!(concat!(env!("OUT_DIR"), "/keys.rs"));
}

/// A language of the interface, one that has a folder below `locales/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language(&'static str);

impl Language {
    /// The language of the catalogue itself, and of everything that has no translation.
    pub const ENGLISH: Language = Language("en");

    /// Every language there is.
    pub fn all() -> impl Iterator<Item = Language> {
        keys::SOURCES.iter().map(|(name, _)| Language(name))
    }

    /// BCP 47 tag, as in `<html lang>`.
    pub fn tag(self) -> &'static str {
        self.0
    }
}

/// A sentence that is not yet in any language: what to say, and with which values.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The message.
    pub key: Key,
    /// Its values by name.
    pub args: Vec<(&'static str, Arg)>,
}

/// A value inside a sentence. Numbers choose plural forms.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// Shown as it is.
    Words(String),
    /// A whole number.
    Number(i64),
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Arg::Words(value.to_owned())
    }
}
impl From<String> for Arg {
    fn from(value: String) -> Self {
        Arg::Words(value)
    }
}
impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Arg::Number(value)
    }
}
impl From<i32> for Arg {
    fn from(value: i32) -> Self {
        Arg::Number(value.into())
    }
}
impl From<u16> for Arg {
    fn from(value: u16) -> Self {
        Arg::Number(value.into())
    }
}
impl From<u32> for Arg {
    fn from(value: u32) -> Self {
        Arg::Number(value.into())
    }
}
impl From<usize> for Arg {
    fn from(value: usize) -> Self {
        Arg::Number(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<Key> for Text {
    fn from(key: Key) -> Self {
        Text {
            key,
            args: Vec::new(),
        }
    }
}

impl Text {
    /// A sentence without values.
    pub fn new(key: Key) -> Self {
        key.into()
    }

    /// The same sentence with one more value.
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.args.push((name, value.into()));
        self
    }

    /// The sentence in a language.
    pub fn to(&self, language: Language) -> String {
        render(language, self.key, &self.args)
    }
}

/// A sentence without values in a language.
pub fn say(language: Language, key: Key) -> String {
    render(language, key, &[])
}

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<HashMap<&'static str, Bundle>> = LazyLock::new(|| {
    keys::SOURCES
        .iter()
        .map(|(name, files)| {
            let tag: LanguageIdentifier = name.parse().unwrap_or_default();
            let mut bundle = FluentBundle::new_concurrent(vec![tag]);
            // The marks around values are invisible, break searching in a page and copying out of it.
            bundle.set_use_isolating(false);
            for text in *files {
                let resource = FluentResource::try_new((*text).to_owned())
                    .unwrap_or_else(|(partial, _)| partial);
                // A key in two files of a language is refused by the build script.
                let _ = bundle.add_resource(resource);
            }
            (*name, bundle)
        })
        .collect()
});

fn render(language: Language, key: Key, args: &[(&'static str, Arg)]) -> String {
    let mut values = FluentArgs::with_capacity(args.len());
    for (name, value) in args {
        match value {
            Arg::Words(words) => values.set(*name, FluentValue::String(Cow::Borrowed(words))),
            Arg::Number(number) => values.set(*name, FluentValue::from(*number)),
        }
    }
    for language in [language, Language::ENGLISH] {
        let found = BUNDLES
            .get(language.0)
            .and_then(|bundle| Some((bundle, bundle.get_message(key.0)?.value()?)));
        if let Some((bundle, pattern)) = found {
            return bundle
                .format_pattern(pattern, Some(&values), &mut Vec::new())
                .into_owned();
        }
    }
    key.0.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_key_and_no_other() {
        for language in Language::all() {
            let bundle = &BUNDLES[language.tag()];
            for key in keys::ALL {
                assert!(
                    bundle.has_message(key.as_str()),
                    "{} lacks {}",
                    language.tag(),
                    key.as_str()
                );
            }
        }
    }

    #[test]
    fn keys_are_sorted_so_that_find_works() {
        assert!(keys::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(Key::find("error-not-found"), Some(keys::ERROR_NOT_FOUND));
        assert_eq!(Key::find("no-such-key"), None);
    }

    #[test]
    fn values_stand_in_the_sentence_without_invisible_marks() {
        let text = Text::new(keys::ERROR_FIELD_TOO_LONG).with("max", 200);
        assert!(text.to(Language::ENGLISH).contains("200"));
        assert!(!text.to(Language::ENGLISH).contains('\u{2068}'));
    }
}
