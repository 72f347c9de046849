//! Accounts that nobody uses: found, told of once, and disabled if the organisation wants that. One head office admin always
//! stays: the one who has signed in last.

use chrono::TimeDelta;

use super::{
    commands,
    queries::{self, Told},
};
use crate::{
    App,
    account_mail::{self, Notice},
    audit::Event,
    db::WriteTx,
    error::Result,
    people,
    permission::Role,
    tenants::Tenant,
};

/// Accounts that are held at a time; a round looks at all of them, so many after so many.
const ACCOUNTS_AT_A_TIME: i64 = 500;

/// Looks for them in the caller's transaction, where what was done to whom is staged. The event tells of how many head office was
/// told.
pub(super) async fn look(app: &App, tx: &mut WriteTx, tenant: &Tenant) -> Result<Option<Event>> {
    let now = tx.now();
    let id = tenant.id;
    let mut admins = people::lock_admins(tx).await?;
    let before = now - TimeDelta::days(tenant.dormant_after_days.into());
    let mut news = 0;
    let mut after = None;
    loop {
        let limit = ACCOUNTS_AT_A_TIME;
        let dormant = queries::lock_dormant(tx.conn(), id, before, after, limit).await?;
        let Some(last) = dormant.last() else { break };
        after = Some((last.used_at, last.id.uuid()));
        let mut events = Vec::new();
        let mut seen = Vec::new();
        for account in &dormant {
            let is_last = account.role == Role::HeadOfficeAdmin && admins.len() < 2;
            if tenant.suspend_dormant
                && !is_last
                && let Some(event) = people::take_access(tx, account.id, &admins).await?
            {
                admins.retain(|admin| *admin != account.id);
                account_mail::notify(app, tx, account.id, Notice::Dormant).await?;
                events.push(event.with("why", "dormant"));
            } else if account.told {
                continue;
            }
            news += 1;
            seen.push(account.id.uuid());
        }
        queries::set_told(tx.conn(), id, &seen, now).await?;
        if !events.is_empty() {
            tx.stage(events).await?;
        }
    }
    if news == 0 {
        return Ok(None);
    }
    let message = Told {
        kind: "dormant_accounts",
        severity: "medium",
        due_on: None,
        review: None,
        account_count: Some(news),
    };
    commands::tell(app, tx, &message).await?;
    let event = Event::new("person", "person.dormant_reported")
        .with("count", news)
        .with("disabled", tenant.suspend_dormant);
    Ok(Some(event))
}
