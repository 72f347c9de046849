//! The session cookie's text: a JWT with HS256 that names a session and is otherwise worth nothing. It lives a day, is made
//! anew while it is used, and never outlives the session's own end.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::model::SessionCookie;
use crate::{
    App,
    clock::Chance,
    error::Result,
    ids::{PersonId, TenantId},
    vault::{
        KeyRing,
        jwt::{self, Use},
    },
};

/// How long a cookie lives.
const LIFETIME: TimeDelta = TimeDelta::hours(24);
/// How much of its life a cookie may have used before it is made anew.
const REFRESH_AFTER: TimeDelta = TimeDelta::minutes(15);
/// Random bytes of a session's secret name.
const SID_BYTES: usize = 32;
/// The longest sid that is looked at.
const MAX_SID: usize = 64;
const USE: Use = Use {
    issuer: "intrex",
    audience: "session",
};
const TYPE: &str = "session";

/// What the text says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sid: String,
    jti: Uuid,
    sub: PersonId,
    tid: TenantId,
    iat: i64,
    exp: i64,
    iss: String,
    aud: String,
    typ: String,
    amr: Vec<String>,
    auth_time: i64,
}

/// A session's secret name; the database has its hash alone.
#[derive(Debug, Clone)]
pub(super) struct Sid(SecretString);

impl Sid {
    pub(super) fn new(chance: Chance) -> Self {
        Sid(B64.encode(chance.bytes::<SID_BYTES>()).into())
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret().as_bytes()).into()
    }

    /// What CSRF tokens are bound to.
    pub(super) fn for_csrf(&self) -> SecretString {
        self.0.clone()
    }
}

/// What a cookie is made for.
#[derive(Debug)]
pub(super) struct Holder<'a> {
    pub sid: &'a Sid,
    pub tenant: TenantId,
    pub person: PersonId,
    /// By what was shown who it is, with blanks between.
    pub amr: &'a str,
    pub auth_time: DateTime<Utc>,
    /// The session's own end.
    pub absolute_at: DateTime<Utc>,
}

/// A cookie for a session.
pub(super) fn make(app: &App, of: &Holder<'_>) -> Result<SessionCookie> {
    let now = app.now();
    let end = of.absolute_at.min(now + LIFETIME);
    let claims = Claims {
        sid: of.sid.0.expose_secret().to_owned(),
        jti: app.chance.uuid(now),
        sub: of.person,
        tid: of.tenant,
        iat: now.timestamp(),
        exp: end.timestamp(),
        iss: USE.issuer.to_owned(),
        aud: USE.audience.to_owned(),
        typ: TYPE.to_owned(),
        amr: of.amr.split_whitespace().map(str::to_owned).collect(),
        auth_time: of.auth_time.timestamp(),
    };
    Ok(SessionCookie {
        value: jwt::sign(app.vault.auth(), &claims)?,
        max_age_sec: (end - now).num_seconds().max(0),
        device: None,
    })
}

/// A cookie as it was presented: signed by us and alive, but not yet looked up.
#[derive(Debug)]
pub(super) struct Presented {
    pub sid: Sid,
    pub tenant: TenantId,
    pub person: PersonId,
    /// Whether it is due to be made anew.
    pub ageing: bool,
}

/// Reads a cookie. `None` if it is not one of ours or its life is over.
pub(super) fn read(ring: &KeyRing, text: &str, now: DateTime<Utc>) -> Option<Presented> {
    let claims: Claims = jwt::verify(ring, USE, text)?;
    if claims.typ != TYPE || claims.sid.len() > MAX_SID || claims.exp <= now.timestamp() {
        return None;
    }
    Some(Presented {
        sid: Sid(claims.sid.into()),
        tenant: claims.tid,
        person: claims.sub,
        ageing: now.timestamp() - claims.iat > REFRESH_AFTER.num_seconds(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Key;

    fn ring() -> KeyRing {
        KeyRing::new(
            Key::from_bytes(Chance.bytes::<32>().to_vec()).expect("random"),
            None,
        )
    }

    fn claims(iat: i64) -> Claims {
        Claims {
            sid: "s".repeat(43),
            jti: Uuid::nil(),
            sub: Uuid::from_u128(1).into(),
            tid: Uuid::from_u128(2).into(),
            iat,
            exp: iat + LIFETIME.num_seconds(),
            iss: "intrex".into(),
            aud: "session".into(),
            typ: "session".into(),
            amr: vec!["pwd".into()],
            auth_time: iat,
        }
    }

    fn presented(ring: &KeyRing, claims: &Claims, at: i64) -> Option<Presented> {
        let text = jwt::sign(ring, claims).expect("signs");
        let now = DateTime::from_timestamp(at, 0).expect("in range");
        read(ring, text.expose_secret(), now)
    }

    #[test]
    fn a_cookie_lives_a_day_and_not_a_second_longer() {
        let ring = ring();
        assert!(presented(&ring, &claims(1_000), 1_000 + 86_399).is_some());
        assert!(presented(&ring, &claims(1_000), 1_000 + 86_400).is_none());
    }

    #[test]
    fn it_is_made_anew_after_a_quarter_of_an_hour() {
        let ring = ring();
        let ageing = |at| presented(&ring, &claims(1_000), at).map(|p| p.ageing);
        assert_eq!(ageing(1_000 + 900), Some(false));
        assert_eq!(ageing(1_000 + 901), Some(true));
    }

    #[test]
    fn a_text_signed_for_another_use_is_no_session() {
        let ring = ring();
        for wrong in [
            Claims {
                typ: "invitation".into(),
                ..claims(1_000)
            },
            Claims {
                aud: "other".into(),
                ..claims(1_000)
            },
            Claims {
                iss: "somebody".into(),
                ..claims(1_000)
            },
            Claims {
                sid: "s".repeat(65),
                ..claims(1_000)
            },
        ] {
            assert!(presented(&ring, &wrong, 1_001).is_none());
        }
    }
}
