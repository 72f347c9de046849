//! One-time codes (TOTP, RFC 6238): SHA-1, six digits, thirty seconds, which every authenticator app can do. The time is
//! given, never read; that a code is accepted once is the business of whoever stores the last step.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::{
    clock::Chance,
    error::{Error, Result},
};

/// Seconds of a step.
pub const STEP_SEC: i64 = 30;
/// Digits of a code.
const DIGITS: u8 = 6;
/// Bytes of a secret: what RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// Who issues the codes, as the app shows it.
const ISSUER: &str = "Intrex";

/// A shared secret.
pub(crate) struct OneTime(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for OneTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneTime")
    }
}

impl OneTime {
    /// A new secret.
    pub(crate) fn new(chance: Chance) -> Self {
        OneTime(Zeroizing::new(chance.bytes::<SECRET_BYTES>().to_vec()))
    }

    /// A secret from its bytes, as they were sealed.
    pub(crate) fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        OneTime(bytes)
    }

    /// The bytes, for sealing.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret as a person types it into an app.
    pub(crate) fn base32(&self) -> SecretString {
        Secret::from(self.0.to_vec()).to_base32().into()
    }

    /// The link that an app reads from a QR code.
    pub(crate) fn otpauth_url(&self, account: &str) -> Result<SecretString> {
        let url = self.totp(account)?.to_url().map_err(Error::internal)?;
        Ok(url.into())
    }

    /// The code of a step.
    pub(crate) fn code(&self, step: i64) -> Result<String> {
        let time = u64::try_from(step.saturating_mul(STEP_SEC)).map_err(Error::internal)?;
        Ok(self.totp("")?.generate(time).to_string())
    }

    /// The step whose code this is: the present one or a neighbour, later than `last`. Every candidate is computed and
    /// compared in constant time.
    pub(crate) fn step_of(
        &self,
        typed: &str,
        now: DateTime<Utc>,
        last: Option<i64>,
    ) -> Result<Option<i64>> {
        let code: String = typed
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(DIGITS as usize + 1)
            .collect();
        let present = step_at(now);
        let mut found = None;
        for step in [present - 1, present, present + 1] {
            let right = super::same(self.code(step)?.as_bytes(), code.as_bytes());
            if right && found.is_none() && last.is_none_or(|last| step > last) {
                found = Some(step);
            }
        }
        Ok(found)
    }

    fn totp(&self, account: &str) -> Result<Totp> {
        Builder::new()
            .with_secret(Secret::from(self.0.to_vec()))
            .with_digits(DIGITS)
            .with_step_duration(STEP_SEC.unsigned_abs())
            .with_issuer(Some(ISSUER))
            .with_account_name(account)
            .build()
            .map_err(Error::internal)
    }
}

/// The step of an instant.
pub(crate) fn step_at(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(STEP_SEC)
}

/// The code that an authenticator app shows at an instant: for demonstrations and tests, which hold the secret in base32.
pub fn code_at(secret_base32: &SecretString, now: DateTime<Utc>) -> Result<String> {
    let secret = Secret::try_from_base32(secret_base32.expose_secret()).map_err(Error::internal)?;
    OneTime(Zeroizing::new(secret.as_bytes().to_vec())).code(step_at(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc_secret() -> OneTime {
        OneTime(Zeroizing::new(b"12345678901234567890".to_vec()))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("in range")
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(
                rfc_secret().code(step_at(at(seconds))).ok().as_deref(),
                Some(code)
            );
            assert_eq!(
                code_at(&rfc_secret().base32(), at(seconds)).ok().as_deref(),
                Some(code)
            );
        }
    }

    #[test]
    fn one_step_either_side_is_accepted_and_no_other() {
        let secret = rfc_secret();
        let now = at(1_700_000_010);
        let present = step_at(now);
        for (off, accepted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = secret.code(present + off).expect("a code");
            let found = secret.step_of(&code, now, None).expect("checks");
            assert_eq!(found, accepted.then_some(present + off), "{off}");
        }
    }

    #[test]
    fn a_used_step_and_those_before_it_are_not_accepted_again() {
        let secret = rfc_secret();
        let now = at(1_700_000_010);
        let present = step_at(now);
        let code = secret.code(present).expect("a code");
        assert_eq!(
            secret.step_of(&code, now, Some(present)).ok().flatten(),
            None
        );
        assert_eq!(
            secret.step_of(&code, now, Some(present - 1)).ok().flatten(),
            Some(present)
        );
    }

    #[test]
    fn spaces_are_forgiven_and_nothing_else() {
        let secret = rfc_secret();
        let now = at(59);
        assert_eq!(secret.step_of("287 082", now, None).ok().flatten(), Some(1));
        for wrong in ["", "28708", "2870820", "+87082", "２８７０８２", "287082\0"] {
            assert_eq!(
                secret.step_of(wrong, now, None).ok().flatten(),
                None,
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn the_link_names_product_and_account_and_is_never_printed() {
        let url = rfc_secret()
            .otpauth_url("alice@acme.example")
            .expect("a link");
        assert!(url.expose_secret().starts_with("otpauth://totp/"));
        assert!(url.expose_secret().contains("issuer=Intrex"));
        assert!(!format!("{url:?} {:?}", rfc_secret()).contains("GEZDGNBV"));
    }
}
