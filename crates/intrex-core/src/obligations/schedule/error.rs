//! Why lead or grace days were refused: data here, the sentence in the message catalogue.

use super::threshold::{MAX_GRACE_DAYS, MAX_LEAD_COUNT, MAX_LEAD_DAYS};
use crate::catalogue::{Key, Text, keys};

/// Why lead or grace days were refused. Its display is the name of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.key().as_str())]
pub enum ScheduleError {
    /// Text that is no list of numbers.
    LeadShape,
    /// A number outside of 1 to [`MAX_LEAD_DAYS`].
    LeadRange,
    /// More than [`MAX_LEAD_COUNT`].
    LeadCount,
    /// The same number twice.
    LeadTwice,
    /// A number outside of 0 to [`MAX_GRACE_DAYS`].
    GraceRange,
}

impl ScheduleError {
    fn key(self) -> Key {
        match self {
            Self::LeadShape => keys::SCHEDULE_ERROR_LEAD_SHAPE,
            Self::LeadRange => keys::SCHEDULE_ERROR_LEAD_RANGE,
            Self::LeadCount => keys::SCHEDULE_ERROR_LEAD_COUNT,
            Self::LeadTwice => keys::SCHEDULE_ERROR_LEAD_TWICE,
            Self::GraceRange => keys::SCHEDULE_ERROR_GRACE_RANGE,
        }
    }

    /// A sentence that says what is wrong.
    pub fn text(self) -> Text {
        Text::new(self.key())
            .with("lead", MAX_LEAD_DAYS)
            .with("count", MAX_LEAD_COUNT)
            .with("grace", MAX_GRACE_DAYS)
    }
}

impl From<ScheduleError> for Text {
    fn from(error: ScheduleError) -> Self {
        error.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;

    #[test]
    fn every_refusal_has_its_sentence_with_its_number() {
        let say = |error: ScheduleError| error.text().to(Language::ENGLISH);
        assert!(say(ScheduleError::LeadShape).contains("30,14,7,3,1"));
        assert!(say(ScheduleError::LeadRange).contains("365"));
        assert!(say(ScheduleError::LeadCount).contains("12"));
        assert!(say(ScheduleError::LeadTwice).ends_with('.'));
        assert!(say(ScheduleError::GraceRange).contains("365"));
    }
}
