//! A recovery code in the place of an app's code, on the two pages that ask for one: signing in and stepping up. Either page
//! asks for the one or the other, as its address says; a recovery code that was typed where an app's is asked for counts too.

use intrex_core::{catalogue::keys, error::FieldError, recovery_codes};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::sign_in::Next;
use crate::request::next;

/// Where it is told how many codes are left.
const SECOND_FACTOR: &str = "/settings/second-factor";

/// What a page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The six digits of an app.
    AppCode,
    /// A recovery code.
    RecoveryCode,
}

/// What a page asks for, as it stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct With {
    with: Option<String>,
}

impl With {
    pub(super) fn asked(&self) -> Asked {
        match self.with.as_deref() {
            Some("recovery") => Asked::RecoveryCode,
            _ => Asked::AppCode,
        }
    }
}

impl Asked {
    /// The field that it is typed into.
    pub(super) fn field(self) -> &'static str {
        match self {
            Asked::AppCode => "code",
            Asked::RecoveryCode => "recovery_code",
        }
    }

    /// That it was not right.
    pub(super) fn wrong(self) -> FieldError {
        FieldError {
            field: self.field().to_owned(),
            text: match self {
                Asked::AppCode => keys::MFA_WRONG.into(),
                Asked::RecoveryCode => keys::RECOVERY_CODE_WRONG.into(),
            },
        }
    }

    /// The query of the page that asks for it.
    pub(super) fn query(self, next: &Next) -> String {
        let mut query = Serializer::new(String::new());
        if let Some(next) = next.next.as_deref().and_then(next::checked) {
            query.append_pair("next", next);
        }
        if self == Asked::RecoveryCode {
            query.append_pair("with", "recovery");
        }
        match query.finish().as_str() {
            "" => String::new(),
            pairs => format!("?{pairs}"),
        }
    }

    /// The other one.
    pub(super) fn other(self) -> Self {
        match self {
            Asked::AppCode => Asked::RecoveryCode,
            Asked::RecoveryCode => Asked::AppCode,
        }
    }
}

/// What was typed: into the field that was asked for, or a recovery code into the one for an app's.
pub(super) fn given<'a>(asked: Asked, code: &'a str, recovery_code: &'a str) -> (Asked, &'a str) {
    match asked {
        _ if !recovery_code.trim().is_empty() => (Asked::RecoveryCode, recovery_code),
        _ if recovery_codes::is_one(code) => (Asked::RecoveryCode, code),
        Asked::RecoveryCode => (Asked::RecoveryCode, code),
        Asked::AppCode => (Asked::AppCode, code),
    }
}

/// Where somebody is led who has given what: with a recovery code to how many are left, and from there on.
pub(super) fn destination(given: Asked, next: &Next) -> String {
    match given {
        Asked::AppCode => next.destination().to_owned(),
        Asked::RecoveryCode => {
            let query = Serializer::new(String::new())
                .append_pair("used", "yes")
                .append_pair("next", next.destination())
                .finish();
            format!("{SECOND_FACTOR}?{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(next: &str) -> Next {
        Next {
            next: Some(next.to_owned()),
        }
    }

    #[test]
    fn a_page_remembers_where_somebody_wanted_to_go_and_nowhere_else() {
        let there = to("/branches?q=x");
        assert_eq!(Asked::AppCode.query(&there), "?next=%2Fbranches%3Fq%3Dx");
        let recovery = Asked::RecoveryCode.query(&there);
        assert_eq!(recovery, "?next=%2Fbranches%3Fq%3Dx&with=recovery");
        assert_eq!(
            Asked::RecoveryCode.query(&to("//evil.example")),
            "?with=recovery"
        );
        let led = destination(Asked::RecoveryCode, &to("https://evil.example"));
        assert_eq!(led, "/settings/second-factor?used=yes&next=%2Ftoday");
    }

    #[test]
    fn a_recovery_code_counts_in_either_field() {
        let code = "ABCD-EFGH-JKMN-PQRS";
        for (asked, typed) in [
            (Asked::AppCode, (code, "")),
            (Asked::AppCode, ("", code)),
            (Asked::RecoveryCode, ("", code)),
            (Asked::RecoveryCode, (code, " ")),
        ] {
            assert_eq!(given(asked, typed.0, typed.1), (Asked::RecoveryCode, code));
        }
        assert_eq!(
            given(Asked::AppCode, "123 456", ""),
            (Asked::AppCode, "123 456")
        );
    }
}
