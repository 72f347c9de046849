//! How the demonstration is made: by the commands that people use, each by who would do it. The operator makes the
//! organisation and invites its first admin; the admin imports the spreadsheets and invites the others; they do their work.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context as _, Result, bail};
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use intrex_core::{
    Actor, App,
    actor::Request,
    app::Settings,
    branches,
    catalogue::Language,
    clock::Chance,
    imports::{self, Kind, Mode, Options},
    obligations::{
        self,
        filter::Filter,
        input::{RawCompletion, RawObligation, RawReason, RawReschedule},
    },
    people::{self, AcceptOutcome, Invited, RawPerson},
    raw::Raw,
    sessions::{self, Session, SignIn, Verification},
    templates::{self, RawTemplate, Template},
    tenants::{self, RawTenant},
    tokens::{self, RawToken},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use uuid::Uuid;

use super::{
    calendar::{self, Act, Deed, shifted},
    cast::{Member, ORGANISATIONS, Organisation},
    file::{DemoBranch, DemoTenant, DemoUser},
};
use crate::cli::{pages, told};

/// What the audit log shows as the operator's reason.
const REASON: &str = "made by the demonstration";
/// Letters of passwords: none that look alike.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Groups of four letters in a password: 99 bits.
const PASSWORD_GROUPS: usize = 5;
/// Seconds of a step of the second factor (RFC 6238).
const STEP_SEC: i64 = 30;
/// How long the demonstration's API tokens count.
const TOKEN_DAYS: &str = "365";
/// Successors that one row's history has at most.
const MAX_HISTORY: usize = 24;

/// Makes both organisations.
pub(super) async fn all(app: &App) -> Result<Vec<DemoTenant>> {
    // Ten people sign in within a second here: the limit is for those who come from a network.
    let mut app = app.clone();
    app.settings = Arc::new(Settings {
        auth_rate_limit_max: u32::MAX,
        ..Settings::clone(&app.settings)
    });
    let [one, other] = &ORGANISATIONS;
    // Side by side: most of the time goes into password hashes.
    let (one, other) = tokio::try_join!(
        Box::pin(organisation_of(&app, one)),
        Box::pin(organisation_of(&app, other))
    )?;
    Ok(vec![one, other])
}

async fn organisation_of(app: &App, organisation: &Organisation) -> Result<DemoTenant> {
    made(app, organisation)
        .await
        .with_context(|| format!("{} could not be made", organisation.name))
}

async fn made(app: &App, organisation: &Organisation) -> Result<DemoTenant> {
    let raw = RawTenant {
        name: organisation.name.into(),
        time_zone: organisation.time_zone.into(),
    };
    let tenant = tenants::create(app, REASON, &raw).await.map_err(told)?;
    let operator = Actor::operator(tenant.id, REASON).map_err(told)?;
    let admin = join(app, &operator, organisation.admin(), &[]).await?;
    let boss = admin.actor.clone();
    import(
        app,
        &boss,
        Kind::Branches,
        organisation.branches.name,
        organisation.branches.text,
    )
    .await?;
    let branches = branch_ids(app, &boss).await?;
    let mut crew = vec![admin];
    for member in &organisation.people[1..] {
        let ids = member
            .branches
            .iter()
            .map(|code| {
                branches
                    .get(*code)
                    .copied()
                    .context("the branch was imported")
            })
            .collect::<Result<Vec<_>>>()?;
        crew.push(join(app, &boss, member, &ids).await?);
    }
    let zone: Tz = organisation.time_zone.parse()?;
    let today = app.now().with_timezone(&zone).date_naive();
    let plan = calendar::plan(organisation, today)?;
    import(
        app,
        &boss,
        Kind::Obligations,
        organisation.obligations.name,
        &plan.csv,
    )
    .await?;
    let templates = templates(app, &boss, organisation.pack).await?;
    work(app, &crew, &plan.acts, today).await?;
    from_templates(app, &crew, &templates, today).await?;
    Ok(DemoTenant {
        id: tenant.id.uuid(),
        name: tenant.name,
        branches: {
            let mut all: Vec<DemoBranch> = branches
                .into_iter()
                .map(|(code, id)| DemoBranch { id, code })
                .collect();
            all.sort_by(|a, b| a.code.cmp(&b.code));
            all
        },
        users: crew.into_iter().map(|worker| worker.user).collect(),
    })
}

/// Somebody of the demonstration, signed in.
struct Worker {
    actor: Actor,
    user: DemoUser,
}

/// Invites somebody and does what they would do: set a password, enrol a second factor, sign in, make a token.
async fn join(app: &App, inviter: &Actor, member: &Member, branches: &[Uuid]) -> Result<Worker> {
    let ids: Vec<String> = branches.iter().map(Uuid::to_string).collect();
    let raw = RawPerson {
        email: member.email.into(),
        name: member.name.into(),
        role: member.role.as_str().into(),
        branch_ids: ids.join(",").into(),
    };
    let Invited { person, token, .. } = people::invite(app, inviter, &raw).await.map_err(told)?;
    let password = password(app.chance);
    let request = Request::default;
    let accepted = people::accept_invitation(
        app,
        request(),
        token.expose_secret(),
        password.clone().into(),
    );
    if !matches!(accepted.await.map_err(told)?, AcceptOutcome::Accepted(_)) {
        bail!("the invitation of {} does not count", member.email);
    }
    let (actor, totp_secret) = sign_in(app, member.email, password.clone().into()).await?;
    let raw = RawToken {
        name: "Demonstration".into(),
        expires_in_days: TOKEN_DAYS.into(),
        ..RawToken::default()
    };
    let api = tokens::create(app, &actor, &raw).await.map_err(told)?;
    Ok(Worker {
        actor,
        user: DemoUser {
            id: person.id.uuid(),
            email: member.email.to_owned(),
            password,
            totp_secret,
            role: member.role.as_str().to_owned(),
            branch_ids: branches.to_vec(),
            api_token: api.text.expose_secret().to_owned(),
        },
    })
}

/// Signs in for the first time; answers who acts, and the secret of the second factor.
async fn sign_in(app: &App, email: &str, password: SecretString) -> Result<(Actor, String)> {
    let begun = sessions::sign_in(app, Request::default(), email, password).await;
    let SignIn::Started(started) = begun.map_err(told)? else {
        bail!("{email} cannot sign in");
    };
    let cookie = started.cookie.value.expose_secret();
    let session = sessions::authenticate(app, cookie, Request::default()).await;
    let Session::Provisional(provisional) = session.map_err(told)? else {
        bail!("{email} has no provisional session");
    };
    let enrolment = sessions::begin_enrolment(app, &provisional)
        .await
        .map_err(told)?;
    let secret = enrolment.secret_base32.expose_secret().to_owned();
    // The code of the step before: it counts too, and leaves this step's to whoever signs in first.
    let code = code(&secret, app.now() - TimeDelta::seconds(STEP_SEC))?;
    let confirmed = sessions::confirm_enrolment(app, &provisional, &code).await;
    let Verification::Full(cookie) = confirmed.map_err(told)? else {
        bail!("the second factor of {email} does not count");
    };
    let session = sessions::authenticate(app, cookie.value.expose_secret(), Request::default());
    let Session::Full(tx, _) = session.await.map_err(told)? else {
        bail!("{email} is not signed in");
    };
    let actor = tx.actor().clone();
    tx.finish().await.map_err(told)?;
    Ok((actor, secret))
}

fn code(secret: &str, at: chrono::DateTime<chrono::Utc>) -> Result<String> {
    let secret = totp_rs::Secret::try_from_base32(secret)
        .map_err(|error| anyhow::anyhow!("the second factor's secret: {error}"))?;
    let totp = totp_rs::Builder::new()
        .with_secret(secret)
        .with_step_duration(STEP_SEC.unsigned_abs())
        .build()
        .map_err(|error| anyhow::anyhow!("the second factor: {error}"))?;
    Ok(totp.generate(u64::try_from(at.timestamp())?).to_string())
}

fn password(chance: Chance) -> String {
    let letters: Vec<char> = std::iter::repeat_with(|| chance.bytes::<64>())
        .flatten()
        // Bytes beyond the last whole alphabet would make its first letters likelier.
        .filter(|byte| usize::from(*byte) < 256 / ALPHABET.len() * ALPHABET.len())
        .map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]))
        .take(PASSWORD_GROUPS * 4)
        .collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join("-")
}

async fn import(app: &App, admin: &Actor, kind: Kind, name: &str, text: &str) -> Result<()> {
    let options = Options {
        mode: Mode::Apply,
        file_name: name.to_owned(),
        language: Language::ENGLISH,
    };
    let report = imports::import(app, admin, kind, text.as_bytes(), &options, &|_| {});
    let report = report.await.map_err(told)?;
    match report.errors.first() {
        None => Ok(()),
        Some(error) => bail!(
            "{name}, row {}, {}: {}",
            error.row,
            error.field.as_deref().unwrap_or("the row"),
            error.message
        ),
    }
}

async fn branch_ids(app: &App, admin: &Actor) -> Result<HashMap<String, Uuid>> {
    let mut tx = app.db.read(admin).await.map_err(told)?;
    let all = branches::reads::all(&mut tx).await.map_err(told)?;
    tx.finish().await.map_err(told)?;
    Ok(all
        .into_iter()
        .map(|branch| (branch.code, branch.id.uuid()))
        .collect())
}

/// Takes over a pack's templates.
async fn templates(app: &App, admin: &Actor, pack: &str) -> Result<Vec<Template>> {
    let pack: Value = serde_json::from_str(pack)?;
    let name = pack["pack"].as_str().context("a pack has a name")?;
    let mut made = Vec::new();
    for template in pack["templates"]
        .as_array()
        .context("a pack has templates")?
    {
        let mut template = template.clone();
        if template.get("jurisdiction").is_none() {
            template["jurisdiction"] = pack["jurisdiction"].clone();
        }
        let raw: RawTemplate = serde_json::from_value(template)?;
        let template = templates::commands::create(app, admin, &raw, Some(name)).await;
        made.push(template.map_err(told)?);
    }
    Ok(made)
}

/// Lets people do what the plan says.
async fn work(app: &App, crew: &[Worker], acts: &[Act], today: NaiveDate) -> Result<()> {
    let boss = &crew.first().context("there is an admin")?.actor;
    let items = pages(async |page| {
        let mut tx = app.db.read(boss).await?;
        let part = obligations::reads::list(&mut tx, &Filter::default(), page).await?;
        tx.finish().await?;
        Ok(part)
    })
    .await?;
    let by_external_id: HashMap<&str, &obligations::model::Obligation> = items
        .iter()
        .filter_map(|item| Some((item.external_id.as_deref()?, item)))
        .collect();
    let person = |email: &str| {
        crew.iter()
            .find(|worker| worker.user.email == email)
            .map(|worker| &worker.actor)
            .context("the cast is complete")
    };
    for act in acts {
        let item = by_external_id
            .get(act.external_id.as_str())
            .with_context(|| format!("{} was imported", act.external_id))?;
        let (owner, manager) = (person(act.owner)?, person(act.manager)?);
        done(app, owner, manager, item, act.deed, today)
            .await
            .with_context(|| act.external_id.clone())?;
    }
    Ok(())
}

async fn done(
    app: &App,
    owner: &Actor,
    manager: &Actor,
    item: &obligations::model::Obligation,
    deed: Deed,
    today: NaiveDate,
) -> Result<()> {
    use obligations::commands;
    match deed {
        Deed::Completed { days_before } => {
            complete_up_to(app, owner, item, days_before, today).await
        }
        Deed::Waived => {
            let raw = RawReason {
                reason: "The authority has confirmed in writing that it does not apply this time"
                    .into(),
            };
            let waived = commands::waive(app, manager, item.id, &raw, None).await;
            waived.map(drop).map_err(told)
        }
        Deed::Rescheduled { to } => {
            let raw = RawReschedule {
                due_on: to.to_string().into(),
                reason: "The inspector has given a new appointment".into(),
            };
            let moved = commands::reschedule(app, manager, item.id, &raw, None).await;
            moved.map(drop).map_err(told)
        }
        Deed::Reopened => {
            let completion = completion("Handed in at the counter", today);
            let completed = commands::complete(app, owner, item.id, &completion, None).await;
            completed.map_err(told)?;
            let raw = RawReason {
                reason: "The receipt was for another branch".into(),
            };
            let opened = commands::reopen(app, manager, item.id, &raw, None).await;
            opened.map(drop).map_err(told)
        }
    }
}

/// Completes an item and what follows it, up to the present.
async fn complete_up_to(
    app: &App,
    owner: &Actor,
    item: &obligations::model::Obligation,
    days_before: i64,
    today: NaiveDate,
) -> Result<()> {
    let (mut id, mut due_on) = (item.id, item.due_on);
    for _ in 0..MAX_HISTORY {
        let on = shifted(due_on, -days_before)?.min(today);
        let raw = completion("Done, receipt filed", on);
        let settled = obligations::commands::complete(app, owner, id, &raw, None).await;
        match settled.map_err(told)?.successor {
            Some(next) if next.due_on < today => (id, due_on) = (next.id, next.due_on),
            _ => break,
        }
    }
    Ok(())
}

fn completion(note: &str, on: NaiveDate) -> RawCompletion {
    RawCompletion {
        note: note.into(),
        completed_on: Raw::from(on.to_string()),
    }
}

/// Managers enter a few things by hand, from templates.
async fn from_templates(
    app: &App,
    crew: &[Worker],
    templates: &[Template],
    today: NaiveDate,
) -> Result<()> {
    let managers = crew
        .iter()
        .filter(|worker| worker.user.role == "branch_manager");
    for (number, manager) in managers.enumerate() {
        for (offset, branch) in manager.user.branch_ids.iter().enumerate() {
            let Some(template) = templates.get((2 * number + offset) % templates.len().max(1))
            else {
                continue;
            };
            let days = 20 + 25 * i64::try_from(offset)?;
            let raw = RawObligation {
                branch_id: branch.to_string().into(),
                template_id: template.id.to_string().into(),
                due_on: shifted(today, days)?.to_string().into(),
                owner_id: manager.user.id.to_string().into(),
                ..RawObligation::default()
            };
            let created = obligations::commands::create(app, &manager.actor, &raw).await;
            created.map_err(told)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_random_and_typeable() {
        let one = password(Chance);
        assert_eq!(one.len(), 24);
        assert!(
            one.chars()
                .all(|c| c == '-' || ALPHABET.contains(&(c as u8)))
        );
        assert_ne!(one, password(Chance));
    }

    #[test]
    fn a_code_is_what_an_authenticator_shows() {
        // RFC 6238, appendix B, cut to six digits.
        let at = chrono::DateTime::from_timestamp(59, 0).expect("an instant");
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(code(secret, at).expect("a code"), "287082");
    }
}
