//! A form as a page shows it: what stands in each field, and what is wrong with it.

use intrex_core::{catalogue::Language, error::FieldError};

use crate::request::Typed;

/// The fields of one form.
#[derive(Debug, Default)]
pub struct FormView {
    values: Vec<(String, String)>,
    errors: Vec<(String, String)>,
}

impl FormView {
    /// An empty form.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A form about something that is there already.
    pub fn filled<V: Into<String>>(values: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        let values = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()));
        FormView {
            values: values.collect(),
            errors: Vec::new(),
        }
    }

    /// With more of them: several of one name are ticked boxes.
    pub fn with<V: Into<String>>(
        mut self,
        values: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Self {
        let values = values.into_iter();
        self.values
            .extend(values.map(|(name, value)| (name.to_owned(), value.into())));
        self
    }

    /// A form as it was typed.
    pub fn typed(typed: Typed) -> Self {
        FormView {
            values: typed.0,
            errors: Vec::new(),
        }
    }

    /// With what is wrong.
    pub fn wrong(mut self, errors: &[FieldError], language: Language) -> Self {
        self.errors = errors
            .iter()
            .map(|error| (error.field.clone(), error.text.to(language)))
            .collect();
        self
    }

    /// What stands in a field.
    pub fn value(&self, name: &str) -> &str {
        self.values
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// Whether a value is chosen, for choices.
    pub fn chosen(&self, name: &str, value: &str) -> bool {
        self.values
            .iter()
            .any(|(known, chosen)| known == name && chosen == value)
    }

    /// What is wrong with a field.
    pub fn errors(&self, name: &str) -> Vec<&str> {
        self.errors
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, error)| error.as_str())
            .collect()
    }

    /// Everything that is wrong: field and sentence.
    pub fn all_errors(&self) -> &[(String, String)] {
        &self.errors
    }
}
