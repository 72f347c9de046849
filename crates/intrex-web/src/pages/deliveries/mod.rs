//! Deliveries: what goes to somebody outside, by state and way, each with what became of its attempts; and sending again what
//! was given up, after it was counted.

mod list;
mod replay;
mod show;

use intrex_core::{
    catalogue::keys,
    deliveries::{DeliverySummary, State},
    permission::Permission,
};

use crate::{
    routes::{Access, Routes},
    words::{Tag, Words},
};

const PATH: &str = "/messages/deliveries";

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Access::Needs(Permission::DeliveriesRead);
    let manage = Access::Needs(Permission::DeliveriesManage);
    routes
        .page(PATH, read, list::list)
        .page("/messages/deliveries/replay", manage, replay::form)
        .form("/messages/deliveries/replay", manage, replay::replay)
        .page("/messages/deliveries/{id}", read, show::show)
        .form("/messages/deliveries/{id}/retry", manage, show::retry)
}

/// How a delivery stands, as a tag.
fn state_tag(state: State, words: Words) -> Tag {
    let (kind, icon, key) = match state {
        State::Waiting => ("due", "more", keys::DELIVERY_STATE_WAITING),
        State::Sending => ("info", "more", keys::DELIVERY_STATE_SENDING),
        State::Delivered => ("ok", "check", keys::DELIVERY_STATE_DELIVERED),
        State::Dead => ("over", "alert", keys::DELIVERY_STATE_DEAD),
        State::Cancelled => ("mute", "stop", keys::DELIVERY_STATE_CANCELLED),
    };
    Tag {
        kind,
        icon,
        words: words.t(key),
    }
}

/// By which way a delivery goes.
fn way(delivery: &DeliverySummary, words: Words) -> String {
    match &delivery.connector_name {
        Some(name) => name.clone(),
        None => words.t(keys::DELIVERY_OWN_MAIL),
    }
}

/// Who is told.
fn recipient(delivery: &DeliverySummary, words: Words) -> String {
    match &delivery.recipient_name {
        Some(name) => name.clone(),
        None => words.t(keys::DELIVERY_ENDPOINT),
    }
}

/// What it is about.
fn about(delivery: &DeliverySummary, words: Words) -> String {
    let title = delivery
        .title
        .clone()
        .unwrap_or_else(|| delivery.event_type.clone());
    match delivery.notices {
        ..=1 => title,
        many => format!(
            "{title} {}",
            words.count(keys::DELIVERY_MORE, i64::from(many) - 1)
        ),
    }
}

/// Why it was given up or not sent, or what it waits for besides its time.
fn reason(delivery: &DeliverySummary, words: Words) -> Option<String> {
    if let Some(waits_for) = delivery.waits_for {
        return Some(words.named("delivery-waits-for", waits_for.as_str()));
    }
    let reason = delivery.reason.as_deref()?;
    Some(words.named("delivery-reason", &reason.replace('_', "-")))
}
