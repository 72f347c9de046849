//! What a delivery is, and what is shown of it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    channels::Notice,
    ids::{BranchId, ConnectorId, DeliveryId, PersonId, RouteId},
    words::words,
};

words! {
    /// How a delivery stands.
    State {
        /// Its next attempt comes.
        Waiting = "waiting",
        /// An attempt is going on.
        Sending = "sending",
        /// The other side has taken it.
        Delivered = "delivered",
        /// It is given up; it can be sent again by hand.
        Dead = "dead",
        /// There was nothing left to say before it was sent.
        Cancelled = "cancelled",
    }
}

words! {
    /// Why a delivery was given up or cancelled.
    Reason {
        /// The last attempt failed as well.
        GaveUp = "gave_up",
        /// The other side refused the message or its recipient for good.
        Refused = "refused",
        /// The other side has said that there is nobody any more.
        Gone = "gone",
        /// Its connector is disabled or was removed.
        ConnectorDisabled = "connector_disabled",
        /// Nobody has seen its connector work for days.
        ConnectorUnverified = "connector_unverified",
        /// It could not be put together.
        Unsendable = "unsendable",
        /// Whatever it had to tell was settled before it was sent.
        Moot = "moot",
        /// Its recipient's account was not active any more, or did not see any more what it is about.
        RecipientInactive = "recipient_inactive",
        /// The installation has no mail server.
        NoMailConfigured = "no_mail_configured",
    }
}

words! {
    /// What a delivery waits for besides its time.
    WaitsFor {
        /// Somebody has to look whether its connector works.
        Verification = "verification",
        /// Its connector fails, or has asked to be left alone, and is tried again later.
        Connector = "connector",
    }
}

/// A delivery, as a list shows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeliverySummary {
    /// Its id: the `webhook-id` of every attempt.
    pub id: DeliveryId,
    /// What has happened, such as `obligation.due`.
    pub event_type: String,
    /// How much it matters.
    pub severity: Option<String>,
    /// What it is about: the title of the first thing that it tells of.
    pub title: Option<String>,
    /// How many things it tells of.
    pub notices: i32,
    /// The route that chose its way; null for the built-in one.
    pub route_id: Option<RouteId>,
    /// The connector; null for the installation's own mail.
    pub connector_id: Option<ConnectorId>,
    /// What the connector is called.
    pub connector_name: Option<String>,
    /// To whom the connector leads; `email_smtp` for the installation's own mail.
    pub connector_type: String,
    /// Who is told; null where the connector names that.
    pub recipient_id: Option<PersonId>,
    /// Their name.
    pub recipient_name: Option<String>,
    /// The branch, if all of it is of one.
    pub branch_id: Option<BranchId>,
    /// How it stands.
    pub state: State,
    /// Why it was given up or cancelled.
    pub reason: Option<String>,
    /// What it waits for besides its time.
    pub waits_for: Option<WaitsFor>,
    /// Attempts since it was last taken up.
    pub attempts: i16,
    /// When it is tried next; null when it is settled.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed, as a word.
    pub last_class: Option<String>,
    /// What the last attempt was answered, of HTTP or SMTP.
    pub last_code: Option<i16>,
    /// When it came to be.
    pub created_at: DateTime<Utc>,
    /// When it was settled.
    pub settled_at: Option<DateTime<Utc>>,
}

/// A delivery with its attempts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Delivery {
    /// What a list shows.
    #[serde(flatten)]
    pub summary: DeliverySummary,
    /// How the other side calls it.
    pub receipt: Option<String>,
    /// What it tells, as a webhook is sent it.
    #[schema(value_type = Vec<Object>)]
    pub told: Vec<Notice>,
    /// Every attempt of the last 90 days, the first one first.
    pub tries: Vec<DeliveryAttempt>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeliveryAttempt {
    /// The how manieth.
    pub n: i32,
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub took_ms: i32,
    /// The code that was answered, of HTTP or SMTP.
    pub code: Option<i16>,
    /// Why it failed, as a word; null if it was taken.
    pub class: Option<String>,
    /// What was answered, without secrets, 16 KiB at most; only whoever sees the whole organisation is shown it.
    pub answer: Option<String>,
    /// How far it came.
    #[schema(value_type = Vec<crate::channels::Stage>)]
    pub stages: serde_json::Value,
}

/// What narrows a list of deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryFilter {
    /// How they stand.
    pub state: Option<State>,
    /// Over what.
    pub connector: Option<ConnectorId>,
    /// By which route.
    pub route: Option<RouteId>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Key;

    #[test]
    fn every_word_reads_back_and_has_its_sentence() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(*state));
            assert!(Key::find(&format!("delivery-state-{}", state.as_str())).is_some());
        }
        for waits_for in WaitsFor::ALL {
            let name = format!("delivery-waits-for-{}", waits_for.as_str());
            assert!(Key::find(&name).is_some(), "{name}");
        }
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
            let name = format!("delivery-reason-{}", reason.as_str().replace('_', "-"));
            assert!(Key::find(&name).is_some(), "{name}");
        }
    }
}
