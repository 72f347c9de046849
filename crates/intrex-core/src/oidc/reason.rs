//! Why a sign-in by a provider came to nothing: for the log and for whoever looks after it. The person is told one sentence
//! whatever it was, because some of these tell about accounts.

/// A reason, as the log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reason {
    /// No attempt belongs to this browser: none was begun, it was used, or its time is over.
    NoAttempt,
    /// The answer belongs to another attempt than the browser's.
    State,
    /// The provider refused, or the person changed their mind there.
    ProviderRefused,
    /// The answer came from another provider than the one that was asked (RFC 9207).
    Issuer,
    /// The provider was disabled meanwhile, or its organisation suspended.
    Disabled,
    /// The provider was not reached, or published what cannot be used.
    Unreachable,
    /// The provider did not take the code.
    Exchange,
    /// The answer had no ID token, or one that cannot be read.
    TokenMissing,
    /// The ID token is not signed by a key of the provider in an accepted way.
    TokenSignature,
    /// The ID token was issued by somebody else.
    TokenIssuer,
    /// The ID token is for somebody else.
    TokenAudience,
    /// The ID token is too old, or from the future.
    TokenTime,
    /// The ID token answers another question.
    TokenNonce,
    /// Nobody has linked this identity.
    NotLinked,
    /// The person cannot sign in, or has to do so with a password first.
    NotActive,
    /// What was to be linked was begun in another session.
    OtherSession,
    /// The identity belongs to somebody else, or the person has another one.
    AlreadyLinked,
}

impl Reason {
    /// As the log has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Reason::NoAttempt => "no_attempt",
            Reason::State => "state",
            Reason::ProviderRefused => "provider_refused",
            Reason::Issuer => "issuer",
            Reason::Disabled => "disabled",
            Reason::Unreachable => "unreachable",
            Reason::Exchange => "exchange",
            Reason::TokenMissing => "token_missing",
            Reason::TokenSignature => "token_signature",
            Reason::TokenIssuer => "token_issuer",
            Reason::TokenAudience => "token_audience",
            Reason::TokenTime => "token_time",
            Reason::TokenNonce => "token_nonce",
            Reason::NotLinked => "not_linked",
            Reason::NotActive => "not_active",
            Reason::OtherSession => "other_session",
            Reason::AlreadyLinked => "already_linked",
        }
    }
}
