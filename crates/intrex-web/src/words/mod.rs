//! Machine values in words: dates, states, severities, how often something comes back. Pages show nothing that only a
//! program understands, and every word here comes from the catalogue, by a key that is named after the value.
//!
//! `dates` days and instants · `states` what an obligation's state is called and how it looks · `cadence` how often.

mod cadence;
mod dates;
mod states;

use intrex_core::{
    audit::reads::AuditActor,
    catalogue::{self, Key, Language, Text, keys},
};

pub(crate) use dates::place_of;
pub(crate) use states::{Severity, Tag};

/// The words of one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    /// A sentence without values.
    pub(crate) fn t(self, key: Key) -> String {
        catalogue::say(self.0, key)
    }

    /// A sentence that somebody else put together.
    pub(crate) fn say(self, text: &Text) -> String {
        text.to(self.0)
    }

    /// A sentence that counts: its number is `n`.
    pub(crate) fn count(self, key: Key, n: i64) -> String {
        Text::new(key).with("n", n).to(self.0)
    }

    /// The words for a value whose key is `prefix-value`; the value itself where the catalogue has none, such as a category
    /// that an organisation has named.
    pub(crate) fn named(self, prefix: &str, value: &str) -> String {
        match Key::find(&format!("{prefix}-{value}")) {
            Some(key) => self.t(key),
            None => value.to_owned(),
        }
    }

    /// A category in words.
    pub(crate) fn category(self, name: &str) -> String {
        self.named("category", name)
    }

    /// What was done, in words, as its own page has it.
    pub(crate) fn action(self, name: &str) -> String {
        self.named("action", &name.replace('.', "-"))
    }

    /// Every word below a prefix: what follows the prefix, and the words.
    pub(crate) fn keys_under(
        self,
        prefix: &'static str,
    ) -> impl Iterator<Item = (&'static str, String)> {
        keys::ALL.iter().filter_map(move |key| {
            let name = key.as_str().strip_prefix(prefix)?;
            Some((name, self.t(*key)))
        })
    }

    /// Who acted: a person's name, or what else it was.
    pub(crate) fn actor(self, actor: &AuditActor) -> String {
        let kind = || {
            let kind = serde_json::to_value(actor.kind).unwrap_or_default();
            self.named("actor", kind.as_str().unwrap_or_default())
        };
        match (&actor.name, actor.person_id == actor.id) {
            (Some(name), true) => name.clone(),
            (Some(name), false) => {
                self.say(&Text::new(keys::ACTOR_ON_BEHALF).with("name", name.as_str()))
            }
            (None, _) => kind(),
        }
    }
}
