//! Digests on their way: before each attempt everything that they name is looked at again, because between two attempts may lie
//! twelve hours, in which it is done, or its reader works at another branch.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    listing::{self, Listing},
    model::{Kind, Wisher},
    queries::{self, CarriedRow, Who},
    words::{self, Sheet},
};
use crate::{
    App, channels::Addressee, db::WriteTx, error::Result, ids::DeliveryId,
    obligations::schedule::civil_today, reminders::Words, routes,
};

/// What a digest has to tell now.
#[derive(Debug)]
pub(crate) struct Carried {
    kind: Kind,
    wisher: Option<Wisher>,
    listing: Listing,
    organisation: String,
    now: DateTime<Utc>,
}

impl Carried {
    /// The words; none if there is nothing left to tell, or it is not wished any more.
    pub(crate) fn words(&self, app: &App, to: &Addressee) -> Option<Words> {
        let wisher = self.wisher.as_ref()?;
        words::compose(&Sheet {
            kind: self.kind,
            listing: &self.listing,
            name: &to.name,
            organisation: &self.organisation,
            zone: wisher.zone,
            today: civil_today(self.now, wisher.zone),
            base_url: &app.settings.base_url,
        })
    }
}

/// Those of some deliveries that are digests, with what they have to tell now.
pub(crate) async fn ask(
    tx: &mut WriteTx,
    deliveries: &[Uuid],
) -> Result<HashMap<DeliveryId, Carried>> {
    let (tenant, now) = (tx.actor().tenant(), tx.now());
    let digests = queries::carried(tx.conn(), tenant, deliveries).await?;
    if digests.is_empty() {
        return Ok(HashMap::new());
    }
    let people: Vec<Uuid> = digests.iter().map(|row| row.person).collect();
    let wishers = queries::wishers(tx.conn(), tenant, Who::Of(&people)).await?;
    let wishers: HashMap<Uuid, Wisher> = wishers
        .into_iter()
        .map(|one| (one.person.uuid(), one))
        .collect();
    let made: Vec<(&CarriedRow, &Wisher)> = digests
        .iter()
        .filter_map(|row| Some((row, wishers.get(&row.person)?)))
        .collect();
    let routes = routes::routes(tx.conn(), tenant).await?;
    let organisation = queries::organisation(tx.conn(), tenant).await?;
    let mut listings = listing::left(tx.conn(), tenant, &routes, &made, now).await?;
    let carried = digests.iter().map(|row| {
        let carried = Carried {
            kind: row.kind,
            wisher: wishers.get(&row.person).cloned(),
            listing: listings.remove(&row.delivery).unwrap_or_default(),
            organisation: organisation.clone(),
            now,
        };
        (row.delivery, carried)
    });
    Ok(carried.collect())
}
