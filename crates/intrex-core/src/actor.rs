//! Who acts: a person, a program with a person's token, background work, or the operator of the installation. An `Actor`
//! is made in this crate only, from a credential that was checked; it is the key to a tenant's rows.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    ids::{BranchId, PersonId, SessionId, TenantId, TokenId},
    permission::{Column, Permission, Reach, Role},
};

/// How long a second factor counts as fresh, for what is dangerous.
pub const FRESH_FOR: TimeDelta = TimeDelta::minutes(5);

/// Who acts, for which tenant, with which rights. Its fields are private: it can't be forged outside this crate.
#[derive(Debug, Clone)]
pub struct Actor {
    tenant: TenantId,
    who: Who,
    scope: BranchScope,
    request: Request,
    touch_due: bool,
    owes: Owes,
}

/// What somebody has to do before anything else opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owes {
    Nothing,
    /// Set another password.
    Password,
    /// Add the passkey that the organisation insists on.
    Passkey,
}

/// The kinds of actors.
#[derive(Debug, Clone)]
enum Who {
    Person {
        id: PersonId,
        role: Role,
        session: SessionId,
        /// When the second factor was given last.
        factor_at: Option<DateTime<Utc>>,
    },
    Token {
        id: TokenId,
        person: PersonId,
        role: Role,
        scopes: Vec<Permission>,
    },
    Worker {
        job: &'static str,
    },
    Operator {
        reason: String,
    },
    /// Nobody known: somebody at the sign-in page. May do nothing but what sign-in itself does.
    Anonymous,
}

/// The branches that the database shows to an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BranchScope {
    /// Every branch of the tenant.
    All,
    /// These, possibly none.
    Only(Vec<BranchId>),
}

/// Where a request came from, for the audit log, and what makes it repeatable.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The id that the answer carries too.
    pub id: Option<Uuid>,
    /// The caller's address.
    pub ip: Option<IpAddr>,
    /// The caller's program, as it says.
    pub user_agent: Option<String>,
    /// The text of the device cookie, if the caller has one.
    pub device: Option<SecretString>,
    /// A repeatable request's key.
    pub idempotency: Option<IdempotencyKey>,
}

/// What makes a POST repeatable: its key, where it was sent, and the hash of its body.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The caller's key.
    pub key: String,
    /// Method and path.
    pub route: String,
    /// SHA-256 of the body.
    pub body_hash: [u8; 32],
}

impl Actor {
    pub(crate) fn person(
        tenant: TenantId,
        id: PersonId,
        role: Role,
        session: SessionId,
        scope: BranchScope,
        request: Request,
    ) -> Self {
        Actor {
            tenant,
            who: Who::Person {
                id,
                role,
                session,
                factor_at: None,
            },
            scope,
            request,
            touch_due: false,
            owes: Owes::Nothing,
        }
    }

    /// The same person, who has given their second factor at this instant.
    pub(crate) fn with_factor_at(mut self, at: Option<DateTime<Utc>>) -> Self {
        if let Who::Person { factor_at, .. } = &mut self.who {
            *factor_at = at;
        }
        self
    }

    pub(crate) fn token(
        tenant: TenantId,
        id: TokenId,
        person: PersonId,
        role: Role,
        scopes: Vec<Permission>,
        scope: BranchScope,
        request: Request,
    ) -> Self {
        Actor {
            tenant,
            who: Who::Token {
                id,
                person,
                role,
                scopes,
            },
            scope,
            request,
            touch_due: false,
            owes: Owes::Nothing,
        }
    }

    pub(crate) fn worker(tenant: TenantId, job: &'static str) -> Self {
        Actor {
            tenant,
            who: Who::Worker { job },
            scope: BranchScope::All,
            request: Request::default(),
            touch_due: false,
            owes: Owes::Nothing,
        }
    }

    /// The operator of the installation, for one tenant, with the reason that the audit log will show. Called by the
    /// command line alone: whoever can run it holds the installation's secrets.
    pub fn operator(tenant: TenantId, reason: &str) -> Result<Self> {
        let reason = crate::text::line("reason", reason, 500)?;
        Ok(Actor {
            tenant,
            who: Who::Operator { reason },
            scope: BranchScope::All,
            request: Request::default(),
            touch_due: false,
            owes: Owes::Nothing,
        })
    }

    pub(crate) fn anonymous(tenant: TenantId, request: Request) -> Self {
        Actor {
            tenant,
            who: Who::Anonymous,
            scope: BranchScope::Only(Vec::new()),
            request,
            touch_due: false,
            owes: Owes::Nothing,
        }
    }

    /// Whoever holds a link that was sent to somebody: nobody who may do anything, in the branches of whom it was sent to.
    pub(crate) fn by_link(tenant: TenantId, scope: BranchScope, request: Request) -> Self {
        Actor {
            scope,
            ..Actor::anonymous(tenant, request)
        }
    }

    /// The same actor, whose credential's use is to be recorded if `due`.
    pub(crate) fn noting_use(mut self, due: bool) -> Self {
        self.touch_due = due;
        self
    }

    /// The same actor, who may do nothing but set another password if they `owe` one.
    pub(crate) fn owing_a_password(mut self, owe: bool) -> Self {
        if owe {
            self.owes = Owes::Password;
        }
        self
    }

    /// The same actor, who may do nothing but add a passkey, and step up for it, if they `owe` one. A password is due first.
    pub(crate) fn owing_a_passkey(mut self, owe: bool) -> Self {
        if owe && self.owes == Owes::Nothing {
            self.owes = Owes::Passkey;
        }
        self
    }

    /// Whether the use of the credential is to be recorded, by `touch` of sessions or tokens after the request.
    pub fn touch_due(&self) -> bool {
        self.touch_due
    }

    /// The tenant acted for.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The branches in reach.
    pub fn scope(&self) -> &BranchScope {
        &self.scope
    }

    /// Where the request came from.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The same actor, whose next command is answered once for this key.
    pub fn repeatable(mut self, key: IdempotencyKey) -> Self {
        self.request.idempotency = Some(key);
        self
    }

    /// The person acting, or on whose behalf a token acts.
    pub fn person_id(&self) -> Option<PersonId> {
        match &self.who {
            Who::Person { id, .. } | Who::Token { person: id, .. } => Some(*id),
            Who::Worker { .. } | Who::Operator { .. } | Who::Anonymous => None,
        }
    }

    /// The session, if a person acts in one.
    pub fn session_id(&self) -> Option<SessionId> {
        match &self.who {
            Who::Person { session, .. } => Some(*session),
            _ => None,
        }
    }

    /// Fails with [`Error::StepUp`] unless the second factor was given within [`FRESH_FOR`]. A token has none and never
    /// gets past this; background work and the operator of the installation have shown who they are in another way.
    pub fn must_be_fresh(&self, now: DateTime<Utc>) -> Result<()> {
        let fresh = match &self.who {
            Who::Person { factor_at, .. } => factor_at.is_some_and(|at| now - at < FRESH_FOR),
            Who::Worker { .. } | Who::Operator { .. } => true,
            Who::Token { .. } | Who::Anonymous => false,
        };
        if fresh { Ok(()) } else { Err(Error::StepUp) }
    }

    /// The token, if a program acts.
    pub fn token_id(&self) -> Option<TokenId> {
        match &self.who {
            Who::Token { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Whether a program acts, by a token.
    pub fn is_token(&self) -> bool {
        self.token_id().is_some()
    }

    /// The role, for people and tokens.
    pub fn role(&self) -> Option<Role> {
        match &self.who {
            Who::Person { role, .. } | Who::Token { role, .. } => Some(*role),
            _ => None,
        }
    }

    /// How far a permission reaches for this actor: the table, and a token's scopes on top.
    pub fn reach(&self, permission: Permission) -> Reach {
        let only = match self.owes {
            Owes::Nothing => permission,
            Owes::Password => Permission::AccountOwn,
            Owes::Passkey => Permission::SessionsOwn,
        };
        if permission != only {
            return Reach::No;
        }
        let column = match &self.who {
            Who::Person { role, .. } => Column::Role(*role),
            Who::Token { scopes, .. } if !scopes.contains(&permission) => return Reach::No,
            Who::Token { role, .. } => Column::Role(*role),
            Who::Worker { .. } => Column::Worker,
            Who::Operator { .. } => Column::Console,
            Who::Anonymous => return Reach::No,
        };
        permission.reach(column)
    }

    /// Whether the actor may do this at all (the reach says where).
    pub fn can(&self, permission: Permission) -> bool {
        self.reach(permission) != Reach::No
    }

    /// Fails with `Forbidden` unless the actor may do this somewhere: the first line of every command.
    pub fn may(&self, permission: Permission) -> Result<Reach> {
        match self.reach(permission) {
            Reach::No => Err(Error::Forbidden),
            reach => Ok(reach),
        }
    }

    /// For queries of tasks: the person to whom rows are narrowed, or none where the reach is wider.
    pub(crate) fn narrowed_to(&self, reach: Reach) -> Option<PersonId> {
        match reach {
            Reach::Tasks | Reach::Own => self.person_id(),
            _ => None,
        }
    }

    /// The actor in the audit log's terms: kind, id, and the person on whose behalf a token acts.
    pub(crate) fn audit_facts(&self) -> (ActorKind, Option<Uuid>, Option<Uuid>) {
        match &self.who {
            Who::Person { id, .. } => (ActorKind::Person, Some(id.uuid()), None),
            Who::Token { id, person, .. } => {
                (ActorKind::Token, Some(id.uuid()), Some(person.uuid()))
            }
            Who::Worker { .. } => (ActorKind::Worker, None, None),
            Who::Operator { .. } => (ActorKind::Operator, None, None),
            Who::Anonymous => (ActorKind::Anonymous, None, None),
        }
    }

    /// The job's name, if background work acts.
    pub(crate) fn job(&self) -> Option<&'static str> {
        match &self.who {
            Who::Worker { job } => Some(job),
            _ => None,
        }
    }

    /// The operator's reason.
    pub(crate) fn reason(&self) -> Option<&str> {
        match &self.who {
            Who::Operator { reason } => Some(reason),
            _ => None,
        }
    }
}

/// The kinds of actors as the audit log has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActorKind {
    Person,
    Token,
    Worker,
    Operator,
    Anonymous,
}

impl BranchScope {
    /// The value of `app.current_branches`.
    pub(crate) fn setting(&self) -> String {
        match self {
            BranchScope::All => "*".to_owned(),
            BranchScope::Only(branches) => branches
                .iter()
                .map(|id| id.uuid().hyphenated().to_string())
                .collect::<Vec<_>>()
                .join(","),
        }
    }

    /// The scope that a value of `app.current_branches` stands for.
    pub(crate) fn parse(setting: &str) -> Result<Self> {
        match setting {
            "*" => Ok(BranchScope::All),
            "" => Ok(BranchScope::Only(Vec::new())),
            list => list
                .split(',')
                .map(|id| id.parse::<BranchId>().map_err(Error::internal))
                .collect::<Result<_>>()
                .map(BranchScope::Only),
        }
    }

    /// Whether a branch is in reach.
    pub fn contains(&self, branch: BranchId) -> bool {
        match self {
            BranchScope::All => true,
            BranchScope::Only(branches) => branches.contains(&branch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_fresh_for_five_minutes_and_a_token_never() {
        let then = DateTime::UNIX_EPOCH;
        let id = |n| Uuid::from_u128(n);
        let person = Actor::person(
            id(1).into(),
            id(2).into(),
            Role::HeadOfficeAdmin,
            id(3).into(),
            BranchScope::All,
            Request::default(),
        );
        assert!(matches!(person.must_be_fresh(then), Err(Error::StepUp)));
        let person = person.with_factor_at(Some(then));
        let after = |seconds| person.must_be_fresh(then + TimeDelta::seconds(seconds));
        assert!(after(0).is_ok() && after(299).is_ok());
        assert!(matches!(after(300), Err(Error::StepUp)));
        let token = Actor::token(
            id(1).into(),
            id(4).into(),
            id(2).into(),
            Role::HeadOfficeAdmin,
            Permission::ALL.to_vec(),
            BranchScope::All,
            Request::default(),
        )
        .with_factor_at(Some(then));
        assert!(matches!(token.must_be_fresh(then), Err(Error::StepUp)));
        let operator = Actor::operator(id(1).into(), "a reason").expect("a reason");
        assert!(operator.must_be_fresh(then).is_ok());
    }

    #[test]
    fn who_owes_something_may_do_what_settles_it_and_nothing_else() {
        let id = |n| Uuid::from_u128(n);
        let admin = || {
            Actor::person(
                id(1).into(),
                id(2).into(),
                Role::HeadOfficeAdmin,
                id(3).into(),
                BranchScope::All,
                Request::default(),
            )
        };
        let only = |actor: &Actor| -> Vec<Permission> {
            let all = Permission::ALL.iter().copied();
            all.filter(|permission| actor.can(*permission)).collect()
        };
        let passkey = admin().owing_a_passkey(true);
        assert_eq!(only(&passkey), [Permission::SessionsOwn]);
        let both = admin().owing_a_password(true).owing_a_passkey(true);
        assert_eq!(only(&both), [Permission::AccountOwn], "the password first");
        let neither = admin().owing_a_password(false).owing_a_passkey(false);
        assert!(neither.can(Permission::PeopleWrite));
    }

    #[test]
    fn a_branch_scope_is_what_its_setting_says() {
        let two = BranchScope::Only(vec![
            BranchId::from(Uuid::from_u128(1)),
            BranchId::from(Uuid::from_u128(2)),
        ]);
        for scope in [BranchScope::All, BranchScope::Only(Vec::new()), two] {
            assert_eq!(BranchScope::parse(&scope.setting()).ok(), Some(scope));
        }
        assert!(BranchScope::parse("*,x").is_err());
    }
}
