//! Alice, Bob and Carol at Acme, Mallory at Globex: they come into being as people do, by invitation, password and second
//! factor, and sign in as people do.

use std::net::{IpAddr, Ipv4Addr};

use chrono::TimeDelta;
use intrex_core::{
    Actor,
    actor::Request,
    db::ReadTx,
    ids::{BranchId, PersonId},
    people::{self, AcceptOutcome, RawPerson},
    permission::Role,
    sessions::{
        self, FullSession, Provisional, Session, SessionCookie, SignIn, Stage, Verification,
    },
    vault::one_time,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Tenant, TestApp};

/// Somebody of an organisation in a test.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: PersonId,
    pub(crate) email: String,
    pub(crate) password: SecretString,
    /// The secret of their authenticator app.
    pub(crate) secret: SecretString,
    /// Where they sign in from.
    pub(crate) request: Request,
}

/// A request from an address.
pub(crate) fn from(ip: [u8; 4]) -> Request {
    Request {
        ip: Some(IpAddr::V4(Ipv4Addr::from(ip))),
        user_agent: Some("a browser".to_owned()),
        ..Request::default()
    }
}

impl TestApp {
    /// The text of an invitation for `name` at the tenant.
    pub(crate) async fn invite(
        &self,
        tenant: &Tenant,
        name: &str,
        role: Role,
        at: &[BranchId],
    ) -> people::Invited {
        let raw = RawPerson {
            email: address(tenant, name).into(),
            name: name.into(),
            role: role.as_str().into(),
            branch_ids: list(at).into(),
        };
        people::invite(&self.app, &tenant.operator, &raw)
            .await
            .expect("the invitation is made")
    }

    /// Somebody who was invited, has set a password and set up an authenticator app.
    pub(crate) async fn member(
        &self,
        tenant: &Tenant,
        name: &str,
        role: Role,
        at: &[BranchId],
    ) -> Member {
        let invited = self.invite(tenant, name, role, at).await;
        let password = SecretString::from(format!("tulip granite moss of {}", name.len()));
        let accepted = people::accept_invitation(
            &self.app,
            Request::default(),
            invited.token.expose_secret(),
            password.clone(),
        );
        assert!(matches!(accepted.await, Ok(AcceptOutcome::Accepted(_))));
        let mut member = Member {
            id: invited.person.id,
            email: invited.person.email,
            password,
            secret: SecretString::default(),
            // Each from a network of their own: what one does is not counted against another.
            request: from([
                198,
                51,
                u8::try_from(name.len()).unwrap_or(0),
                name.as_bytes()[0],
            ]),
        };
        let provisional = self.password_given(&member).await;
        let enrolment = sessions::begin_enrolment(&self.app, &provisional)
            .await
            .expect("enrolment begins");
        member.secret = enrolment.secret_base32;
        let code = self.code(&member);
        let verified = sessions::confirm_enrolment(&self.app, &provisional, &code).await;
        assert!(
            matches!(verified, Ok(Verification::Full(_))),
            "{verified:?}"
        );
        member
    }

    /// The code that their app shows now.
    pub(crate) fn code(&self, member: &Member) -> String {
        one_time::code_at(&member.secret, self.app.now()).expect("a code")
    }

    /// Gives the right password, and answers the provisional session.
    pub(crate) async fn password_given(&self, member: &Member) -> Provisional {
        let (email, password) = (&member.email, member.password.clone());
        let outcome = sessions::sign_in(&self.app, member.request.clone(), email, password)
            .await
            .expect("sign-in answers");
        let SignIn::Started(started) = outcome else {
            panic!("not signed in: {outcome:?}");
        };
        assert_ne!(started.stage, Stage::Full);
        let (cookie, request) = (started.cookie.value, member.request.clone());
        match sessions::authenticate(&self.app, cookie.expose_secret(), request)
            .await
            .expect("authentication answers")
        {
            Session::Provisional(provisional) => provisional,
            other => panic!("not provisional: {other:?}"),
        }
    }

    /// Signs in with both factors. The clock moves on to the next code, because each counts once.
    pub(crate) async fn sign_in(&self, member: &Member) -> SessionCookie {
        self.app.clock.advance(TimeDelta::seconds(30));
        let provisional = self.password_given(member).await;
        let code = self.code(member);
        match sessions::verify_code(&self.app, &provisional, &code).await {
            Ok(Verification::Full(cookie)) => cookie,
            other => panic!("not verified: {other:?}"),
        }
    }

    /// What a cookie stands for now.
    pub(crate) async fn session(&self, cookie: &SessionCookie) -> Session {
        sessions::authenticate(&self.app, cookie.value.expose_secret(), Request::default())
            .await
            .expect("authentication answers")
    }

    /// The session of somebody signed in, and their transaction.
    pub(crate) async fn full(&self, cookie: &SessionCookie) -> (ReadTx, FullSession) {
        match self.session(cookie).await {
            Session::Full(tx, session) => (*tx, session),
            other => panic!("not signed in: {other:?}"),
        }
    }

    /// Whether a cookie stands for nobody.
    pub(crate) async fn is_dead(&self, cookie: &SessionCookie) -> bool {
        matches!(self.session(cookie).await, Session::None)
    }

    /// Somebody signed in, ready to act.
    pub(crate) async fn acting(&self, member: &Member) -> Actor {
        let cookie = self.sign_in(member).await;
        let (tx, _) = self.full(&cookie).await;
        let actor = tx.actor().clone();
        tx.finish().await.expect("finishes");
        actor
    }

    /// How often the superuser finds something: for looking at what no role of the product may see.
    pub(crate) async fn count(&self, select: &'static str) -> i64 {
        sqlx::query_scalar(select)
            .fetch_one(&mut self.superuser().await)
            .await
            .expect("counts")
    }

    /// How many audit events tell of an action, in all organisations together.
    pub(crate) async fn told(&self, action: &str) -> i64 {
        sqlx::query_scalar("select count(*) from app.audit_events where action = $1")
            .bind(action)
            .fetch_one(&mut self.superuser().await)
            .await
            .expect("counts")
    }
}

/// Their address at the tenant: the same name can be at several.
pub(crate) fn address(tenant: &Tenant, name: &str) -> String {
    format!(
        "{}@{}.example",
        name.to_lowercase(),
        tenant.id.uuid().simple()
    )
}

/// Ids as a form sends them.
pub(crate) fn list(ids: &[BranchId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(",")
}

/// The fields that were refused.
pub(crate) fn wrong_fields<T: std::fmt::Debug>(outcome: intrex_core::Result<T>) -> Vec<String> {
    match outcome {
        Err(intrex_core::Error::Invalid(fields)) => fields.into_iter().map(|f| f.field).collect(),
        other => panic!("accepted: {other:?}"),
    }
}

/// The message of a refusal that the state of things demands.
pub(crate) fn conflict<T: std::fmt::Debug>(outcome: intrex_core::Result<T>) -> &'static str {
    match outcome {
        Err(intrex_core::Error::Conflict(conflict)) => conflict.text().key.as_str(),
        other => panic!("no conflict: {other:?}"),
    }
}
