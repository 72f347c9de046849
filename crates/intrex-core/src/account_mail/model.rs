//! What is told by mail, for how long a letter is worth sending, and how long a failed attempt waits.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use crate::{people::PersonStatus, worker::doubled};

/// For how long a notice is worth sending: after an outage of some days, who reads of it has noticed by themselves.
pub(super) const NOTICE_LIFETIME: TimeDelta = TimeDelta::days(7);
/// The wait after the first failed attempt; doubled each time. Short, because somebody waits for it at the screen.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(5);
/// The longest wait between two attempts.
const LONGEST_RETRY: TimeDelta = TimeDelta::minutes(15);

/// What a letter tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The link by which somebody joins.
    Invitation,
    /// The link by which somebody sets another password.
    PasswordReset,
    /// To the present address: the link that agrees to another one.
    EmailChangeOld,
    /// To the other address: the link that shows that it can be reached.
    EmailChangeNew,
    /// The password was changed.
    PasswordChanged,
    /// The second factor was taken away.
    MfaReset,
    /// The address was changed; goes to both.
    EmailChanged,
    /// Another authenticator app took the place of the former one.
    AuthenticatorReplaced,
    /// Recovery codes were made.
    RecoveryCodesMade,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// Somebody signed in from a device that was not seen before.
    NewDevice,
    /// Somebody signed in on a known device, from a network that was not seen before.
    NewNetwork,
    /// To a head office admin: there are security events of a code to look at.
    SecurityAlert,
    /// To a head office admin: an access review has begun.
    AccessReviewBegun,
    /// To a head office admin: the date of an access review is near.
    AccessReviewSoon,
    /// To a head office admin: the date of an access review has passed.
    AccessReviewOverdue,
    /// The account was not used for a long time, and was disabled.
    Dormant,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// The counter of a passkey went back: there may be a copy of it.
    PasskeyCounterWentBack,
    /// A provider was given the right to vouch for the person.
    IdentityLinked,
    /// A provider's right to vouch for the person was taken away.
    IdentityUnlinked,
    /// To a head office admin: somebody has asked that the organisation be deleted.
    DeletionRequested,
    /// To a head office admin: the organisation is not deleted.
    DeletionCancelled,
}

/// A notice without a link: what other slices tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The password was changed.
    PasswordChanged,
    /// The second factor was taken away.
    MfaReset,
    /// Another authenticator app took the place of the former one.
    AuthenticatorReplaced,
    /// Recovery codes were made.
    RecoveryCodesMade,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// Somebody signed in from a device that was not seen before.
    NewDevice,
    /// Somebody signed in on a known device, from a network that was not seen before.
    NewNetwork,
    /// To a head office admin: an access review has begun.
    AccessReviewBegun,
    /// To a head office admin: the date of an access review is near.
    AccessReviewSoon,
    /// To a head office admin: the date of an access review has passed.
    AccessReviewOverdue,
    /// The account was not used for a long time, and was disabled.
    Dormant,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// The counter of a passkey went back: there may be a copy of it.
    PasskeyCounterWentBack,
    /// A provider was given the right to vouch for the person.
    IdentityLinked,
    /// A provider's right to vouch for the person was taken away.
    IdentityUnlinked,
    /// To a head office admin: the organisation is not deleted.
    DeletionCancelled,
}

impl From<Notice> for Kind {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::PasswordChanged => Kind::PasswordChanged,
            Notice::MfaReset => Kind::MfaReset,
            Notice::AuthenticatorReplaced => Kind::AuthenticatorReplaced,
            Notice::RecoveryCodesMade => Kind::RecoveryCodesMade,
            Notice::RecoveryCodeUsed => Kind::RecoveryCodeUsed,
            Notice::NewDevice => Kind::NewDevice,
            Notice::NewNetwork => Kind::NewNetwork,
            Notice::AccessReviewBegun => Kind::AccessReviewBegun,
            Notice::AccessReviewSoon => Kind::AccessReviewSoon,
            Notice::AccessReviewOverdue => Kind::AccessReviewOverdue,
            Notice::Dormant => Kind::Dormant,
            Notice::PasskeyAdded => Kind::PasskeyAdded,
            Notice::PasskeyRemoved => Kind::PasskeyRemoved,
            Notice::PasskeyCounterWentBack => Kind::PasskeyCounterWentBack,
            Notice::IdentityLinked => Kind::IdentityLinked,
            Notice::IdentityUnlinked => Kind::IdentityUnlinked,
            Notice::DeletionCancelled => Kind::DeletionCancelled,
        }
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 24] = [
        Kind::Invitation,
        Kind::PasswordReset,
        Kind::EmailChangeOld,
        Kind::EmailChangeNew,
        Kind::PasswordChanged,
        Kind::MfaReset,
        Kind::EmailChanged,
        Kind::AuthenticatorReplaced,
        Kind::RecoveryCodesMade,
        Kind::RecoveryCodeUsed,
        Kind::NewDevice,
        Kind::NewNetwork,
        Kind::SecurityAlert,
        Kind::AccessReviewBegun,
        Kind::AccessReviewSoon,
        Kind::AccessReviewOverdue,
        Kind::Dormant,
        Kind::PasskeyAdded,
        Kind::PasskeyRemoved,
        Kind::PasskeyCounterWentBack,
        Kind::IdentityLinked,
        Kind::IdentityUnlinked,
        Kind::DeletionRequested,
        Kind::DeletionCancelled,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Invitation => "invitation",
            Kind::PasswordReset => "password_reset",
            Kind::EmailChangeOld => "email_change_old",
            Kind::EmailChangeNew => "email_change_new",
            Kind::PasswordChanged => "password_changed",
            Kind::MfaReset => "mfa_reset",
            Kind::EmailChanged => "email_changed",
            Kind::AuthenticatorReplaced => "authenticator_replaced",
            Kind::RecoveryCodesMade => "recovery_codes_made",
            Kind::RecoveryCodeUsed => "recovery_code_used",
            Kind::NewDevice => "new_device",
            Kind::NewNetwork => "new_network",
            Kind::SecurityAlert => "security_alert",
            Kind::AccessReviewBegun => "access_review_begun",
            Kind::AccessReviewSoon => "access_review_soon",
            Kind::AccessReviewOverdue => "access_review_overdue",
            Kind::Dormant => "dormant",
            Kind::PasskeyAdded => "passkey_added",
            Kind::PasskeyRemoved => "passkey_removed",
            Kind::PasskeyCounterWentBack => "passkey_counter_went_back",
            Kind::IdentityLinked => "identity_linked",
            Kind::IdentityUnlinked => "identity_unlinked",
            Kind::DeletionRequested => "deletion_requested",
            Kind::DeletionCancelled => "deletion_cancelled",
        }
    }

    /// The kind of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The page that its token opens, for kinds that bring a link.
    pub(super) fn path(self) -> Option<&'static str> {
        match self {
            Kind::Invitation => Some("invitation"),
            Kind::PasswordReset => Some("reset-password"),
            Kind::EmailChangeOld | Kind::EmailChangeNew => Some("email-change"),
            _ => None,
        }
    }

    /// Who is told: an invitation is for somebody who has not joined, the end of an account for somebody who cannot sign in
    /// any more, everything else for somebody who can.
    pub(super) fn is_for(self, status: PersonStatus) -> bool {
        status
            == match self {
                Kind::Invitation => PersonStatus::Invited,
                Kind::Dormant => PersonStatus::Disabled,
                _ => PersonStatus::Active,
            }
    }
}

/// A letter to be queued.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    pub(super) kind: Kind,
    /// To which address; the person's own of this moment if none is said.
    pub(super) to: Option<&'a str>,
    /// Another address that it speaks of.
    pub(super) other: Option<&'a str>,
    /// The code of security events to look at, and how many there are.
    pub(super) seen: Option<(&'a str, i32)>,
    pub(super) token: Option<&'a SecretString>,
    /// Until when its link counts.
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl<'a> Letter<'a> {
    fn plain(kind: Kind) -> Self {
        Letter {
            kind,
            to: None,
            other: None,
            seen: None,
            token: None,
            expires_at: None,
        }
    }

    fn link(kind: Kind, token: &'a SecretString, expires_at: DateTime<Utc>) -> Self {
        Letter {
            token: Some(token),
            expires_at: Some(expires_at),
            ..Self::plain(kind)
        }
    }

    pub(crate) fn invitation(token: &'a SecretString, expires_at: DateTime<Utc>) -> Self {
        Self::link(Kind::Invitation, token, expires_at)
    }

    pub(crate) fn password_reset(token: &'a SecretString, expires_at: DateTime<Utc>) -> Self {
        Self::link(Kind::PasswordReset, token, expires_at)
    }

    /// To the present address.
    pub(crate) fn email_change_old(
        token: &'a SecretString,
        new: &'a str,
        expires_at: DateTime<Utc>,
    ) -> Self {
        Letter {
            other: Some(new),
            ..Self::link(Kind::EmailChangeOld, token, expires_at)
        }
    }

    /// To the other address. It may be a stranger's, who is not told which one is used now.
    pub(crate) fn email_change_new(
        token: &'a SecretString,
        new: &'a str,
        expires_at: DateTime<Utc>,
    ) -> Self {
        Letter {
            to: Some(new),
            ..Self::link(Kind::EmailChangeNew, token, expires_at)
        }
    }

    /// To one of the two addresses.
    pub(crate) fn email_changed(to: &'a str, new: &'a str) -> Self {
        Letter {
            to: Some(to),
            other: Some(new),
            ..Self::plain(Kind::EmailChanged)
        }
    }

    pub(super) fn security_alert(code: &'a str, count: i32) -> Self {
        Letter {
            seen: Some((code, count)),
            ..Self::plain(Kind::SecurityAlert)
        }
    }

    /// Worth sending until it has happened.
    pub(crate) fn deletion_requested(due_at: DateTime<Utc>) -> Self {
        Letter {
            expires_at: Some(due_at),
            ..Self::plain(Kind::DeletionRequested)
        }
    }

    pub(crate) fn notice(notice: Notice) -> Self {
        Self::plain(notice.into())
    }
}

/// How long the next attempt waits after the `attempts`-th failed. `chance` spreads by up to a quarter.
pub(super) fn wait_after(attempts: i16, chance: u8) -> TimeDelta {
    let wait = doubled(FIRST_RETRY, LONGEST_RETRY, attempts.into());
    wait + wait * i32::from(chance) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_names_that_are_stored() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn attempts_wait_longer_each_time_up_to_a_quarter_of_an_hour() {
        let waits: Vec<i64> = (1..=9).map(|n| wait_after(n, 0).num_seconds()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 900]);
        assert_eq!(wait_after(i16::MAX, 0), LONGEST_RETRY);
        assert!(wait_after(1, 255) > wait_after(1, 0));
        assert!(wait_after(1, 255) < FIRST_RETRY * 5 / 4);
    }

    #[test]
    fn an_invitation_is_for_who_has_not_joined_and_the_rest_for_who_can_sign_in() {
        for kind in Kind::ALL {
            let (invitation, dormant) = (kind == Kind::Invitation, kind == Kind::Dormant);
            assert_eq!(kind.is_for(PersonStatus::Invited), invitation);
            assert_eq!(kind.is_for(PersonStatus::Active), !invitation && !dormant);
            assert_eq!(kind.is_for(PersonStatus::Disabled), dormant);
        }
    }
}
