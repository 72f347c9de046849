//! Everything that is wrong with a configuration, in one message: whoever fixes one fault wants to know of the others.

use std::fmt;

/// What is wrong, one sentence each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl Faults {
    pub(super) fn new(faults: &[String]) -> Self {
        Faults(faults.to_vec())
    }

    /// Notes a fault.
    pub(super) fn add(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }

    /// Takes the value, or notes what is wrong with it.
    pub(super) fn take<T>(&mut self, value: Result<T, String>) -> Option<T> {
        value.map_err(|fault| self.add(fault)).ok()
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sentences.
    pub fn sentences(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not usable:")?;
        for fault in &self.0 {
            write!(f, "\n  - {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
