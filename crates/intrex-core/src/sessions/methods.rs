//! By what somebody has shown who they are, as the cookie says it (`amr`): in the words of RFC 8176, and `fed` for an identity
//! provider, for which it has none; others call it so too.

/// What came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// The password.
    Password,
    /// The word of the organisation's identity provider.
    Provider,
}

/// What came second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Second {
    /// A code that counts once: of the app, or a recovery code.
    OneTimeCode,
    /// A passkey: the proof of possession of a key.
    Passkey,
}

impl First {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            First::Password => "pwd",
            First::Provider => "fed",
        }
    }
}

impl Second {
    fn as_str(self) -> &'static str {
        match self {
            Second::OneTimeCode => "otp",
            Second::Passkey => "pop",
        }
    }

    /// Both, after what a session began with.
    pub(super) fn after(self, first: &str) -> String {
        format!("{first} {}", self.as_str())
    }
}
