//! What pages and programs are shown of the whole. An operator's numbers count the own tasks, a branch manager's the assigned
//! branches.

use std::collections::HashMap;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{
    model::{self, Line, Overview, Pulse, Totals},
    queries,
};
use crate::{
    db::ReadTx,
    error::{Error, Result},
    health,
    ids::BranchId,
    obligations::schedule::civil_today,
    permission::Permission,
    tenants,
};

/// Everything in reach at a glance.
pub async fn overview(tx: &mut ReadTx) -> Result<Overview> {
    let reach = tx.may(Permission::ObligationsRead)?;
    let narrowed_to = tx.actor().narrowed_to(reach);
    let tenant = tx.actor().tenant();
    let today = today(tx).await?;
    let now = tx.now();
    let mut lines = Vec::new();
    for branch in queries::branches(tx.conn(), tenant).await? {
        let zone: Tz = branch.time_zone.parse().map_err(Error::internal)?;
        lines.push(Line {
            branch_id: branch.id.into(),
            code: branch.code,
            name: branch.name,
            city_corporation: branch.city_corporation,
            today: civil_today(now, zone),
            open: 0,
            overdue: 0,
            due_soon: 0,
            cells: Vec::new(),
        });
    }
    let ids: Vec<_> = lines.iter().map(|line| line.branch_id.uuid()).collect();
    let todays: Vec<_> = lines.iter().map(|line| line.today).collect();
    let counted = queries::count(tx.conn(), tenant, narrowed_to, &ids, &todays, today).await?;
    let places: HashMap<BranchId, usize> = lines
        .iter()
        .enumerate()
        .map(|(place, line)| (line.branch_id, place))
        .collect();
    for count in &counted {
        if let Some(place) = places.get(&count.branch) {
            lines[*place].add(count.cell.clone());
        }
    }
    model::worst_first(&mut lines);
    let days = queries::days(tx.conn(), tenant, narrowed_to, today).await?;
    Ok(Overview {
        today,
        totals: Totals::of(&counted, &lines),
        branches: lines,
        days: model::every_day(today, &days),
    })
}

/// Whether reminders go out and the log grows, for who answers for the whole organisation.
pub async fn pulse(tx: &mut ReadTx) -> Result<Pulse> {
    tx.may(Permission::AuditVerify)?;
    let tenant = tx.actor().tenant();
    let head = queries::head(tx.conn(), tenant).await?;
    Ok(Pulse {
        work: health::of_organisation(tx).await?,
        events: head.as_ref().map_or(0, |(seq, _)| *seq),
        head: head.map(|(_, hash)| hex::encode(hash)),
    })
}

/// Today in the organisation's zone.
pub async fn today(tx: &mut ReadTx) -> Result<NaiveDate> {
    let tenant = tenants::reads::current(tx).await?;
    let zone: Tz = tenant.time_zone.parse().map_err(Error::internal)?;
    Ok(civil_today(tx.now(), zone))
}
