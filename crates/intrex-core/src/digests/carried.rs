//! Digests on their way: before each attempt it is looked again what is in them, because between two attempts may lie twelve
//! hours, and somebody may have moved to another branch in between.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    listing::{self, Listing},
    model::{Kind, Wisher},
    queries::{self, Who},
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
    let people: Vec<Uuid> = digests.iter().map(|(_, person, _)| *person).collect();
    let wishers = queries::wishers(tx.conn(), tenant, Who::Of(&people)).await?;
    let wishers: HashMap<Uuid, Wisher> = wishers
        .into_iter()
        .map(|one| (one.person.uuid(), one))
        .collect();
    let routes = routes::routes(tx.conn(), tenant).await?;
    let organisation = queries::organisation(tx.conn(), tenant).await?;
    let mut listings = HashMap::new();
    // Somebody who has changed the kind may have one of each on the way.
    for kind in Kind::ALL.iter().copied() {
        let of_kind = digests.iter().filter(|(.., of)| *of == kind);
        let readers: Vec<(&Wisher, Kind)> = of_kind
            .filter_map(|(_, person, _)| Some((wishers.get(person)?, kind)))
            .collect();
        if readers.is_empty() {
            continue;
        }
        let found = listing::of_people(tx.conn(), tenant, &routes, &readers, now).await?;
        listings.extend(
            found
                .into_iter()
                .map(|(person, listing)| ((person, kind), listing)),
        );
    }
    let carried = digests.into_iter().map(|(id, person, kind)| {
        let carried = Carried {
            kind,
            wisher: wishers.get(&person).cloned(),
            listing: listings.get(&(person, kind)).cloned().unwrap_or_default(),
            organisation: organisation.clone(),
            now,
        };
        (id, carried)
    });
    Ok(carried.collect())
}
