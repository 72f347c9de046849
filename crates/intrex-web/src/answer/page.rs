//! What every page has: its title, the person it is for, the words in their language, the token for its forms. Templates
//! reach all of it through one field, `page`.

use std::{borrow::Borrow, time::Instant};

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use chrono_tz::Tz;
use intrex_core::{
    Actor, Error,
    catalogue::{self, Arg, Key, Text, keys},
    db::ReadTx,
    health, notifications,
    permission::{Permission, Role},
    security_events,
    sessions::Leaving,
};

use super::{Fault, Place};
use crate::{
    assets,
    pages::{LEAVING_PAGE, settings::health::PATH as HEALTH_PAGE},
    request::{Exchange, cookies::Theme},
    words::Words,
};

/// A page in the making.
#[derive(Debug)]
pub struct Page {
    title: String,
    pub(super) place: Option<Place>,
    me: Option<Me>,
    unread: i64,
    to_look_at: i64,
    still: bool,
    exchange: Exchange,
}

/// The person that a page is for.
#[derive(Debug)]
pub struct Me {
    /// Who they are, in the core's terms.
    pub actor: Actor,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their organisation's name.
    pub tenant: String,
    leaving: Option<Leaving>,
}

impl Page {
    /// A page for nobody in particular: signing in, an error.
    pub fn of_nobody(exchange: &Exchange, title: impl Into<Text>) -> Self {
        Page {
            title: title.into().to(exchange.language()),
            place: None,
            me: None,
            unread: 0,
            to_look_at: 0,
            still: false,
            exchange: exchange.clone(),
        }
    }

    /// A page for somebody who is signed in. Everything else that the page shows has been read before: this ends the
    /// transaction.
    pub async fn of_reader(
        mut tx: ReadTx,
        exchange: &Exchange,
        place: impl Into<Option<Place>>,
        title: impl Into<Text>,
    ) -> Result<Self, Fault> {
        let unread = match tx.actor().can(Permission::NotificationsRead) {
            true => notifications::reads::unread_count(&mut tx).await?,
            false => 0,
        };
        let place = place.into();
        // Shown beside the list of settings, and asked for nowhere else.
        let is_shown = place == Some(Place::Settings) && tx.actor().can(Permission::SecurityRead);
        let to_look_at = match is_shown {
            true => security_events::reads::open_count(&mut tx).await?,
            false => 0,
        };
        let still = tx.actor().can(Permission::HealthRead)
            && !health::nothing_stands_still(&mut tx).await?;
        let page = Page {
            unread,
            to_look_at,
            still,
            ..Self::of_actor(tx.actor(), exchange, place, title)
        };
        tx.finish().await?;
        exchange.database_done();
        Ok(page)
    }

    /// A page for somebody who is signed in that shows nothing more from the database: a form drawn again.
    pub fn of_actor(
        actor: &Actor,
        exchange: &Exchange,
        place: impl Into<Option<Place>>,
        title: impl Into<Text>,
    ) -> Self {
        Page {
            place: place.into(),
            me: exchange.who().map(|who| Me {
                actor: actor.clone(),
                name: who.name,
                email: who.email,
                tenant: who.tenant,
                leaving: who.leaving,
            }),
            ..Self::of_nobody(exchange, title)
        }
    }

    /// The page as an answer.
    pub fn show(&self, template: &impl Template) -> Result<Response, Fault> {
        self.show_as(StatusCode::OK, template)
    }

    /// The page as an answer with another status: a form with something wrong in it.
    pub fn show_as(&self, status: StatusCode, template: &impl Template) -> Result<Response, Fault> {
        let begun = Instant::now();
        let html = template.render().map_err(Error::internal)?;
        self.exchange.rendered_in(begun.elapsed());
        let html_type = HeaderValue::from_static("text/html; charset=utf-8");
        Ok((status, [(CONTENT_TYPE, html_type)], html).into_response())
    }

    /// The request that the page answers.
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Security events that nobody has acknowledged, of those that somebody was told of; on pages of settings alone.
    pub fn to_look_at(&self) -> i64 {
        self.to_look_at
    }

    /// Whether an admin is told, here and on every other page, that background work stands still.
    pub fn stands_still(&self) -> bool {
        self.still && !self.path().starts_with(HEALTH_PAGE)
    }

    /// Where to see which.
    pub fn health_page(&self) -> &'static str {
        HEALTH_PAGE
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Messages that the person has not read.
    pub fn unread(&self) -> i64 {
        self.unread
    }

    /// The person that the page is for.
    pub fn me(&self) -> Option<&Me> {
        self.me.as_ref()
    }

    /// Whether the person may do this somewhere: what they may not do is not shown.
    pub fn can(&self, permission: impl Borrow<Permission>) -> bool {
        self.me
            .as_ref()
            .is_some_and(|me| me.actor.can(*permission.borrow()))
    }

    /// That the organisation is going to be deleted, and when, for who can cancel it; on every page but the one where they do.
    pub fn leaving(&self) -> Option<String> {
        let leaving = self.me.as_ref()?.leaving.as_ref()?;
        let is_there = self.path().split('?').next() == Some(LEAVING_PAGE);
        (self.can(Permission::TenantDelete) && !is_there).then(|| {
            let zone = leaving.time_zone.parse().unwrap_or(Tz::UTC);
            let when = Words(self.exchange.language()).moment_in_zone(leaving.due_at, zone);
            self.t1(keys::DELETION_BANNER, "when", when)
        })
    }

    /// Where somebody can cancel that.
    pub fn leaving_page(&self) -> &'static str {
        LEAVING_PAGE
    }

    /// Whether the person can look for obligations from anywhere.
    pub fn can_search(&self) -> bool {
        self.can(Permission::ObligationsRead) && self.has("/obligations")
    }

    /// Whether there is a page at this path.
    pub fn has(&self, path: &str) -> bool {
        self.exchange.web().has_page(path)
    }

    /// What an icon's class says besides: those that point along the line turn round where writing runs from right to left,
    /// and those that tell whether something is open turn when it is.
    pub fn icon_class(&self, icon: impl AsRef<str>) -> &'static str {
        match icon.as_ref() {
            "arrow-left" | "arrow-right" | "chevron-right" => " flip",
            "chevron-down" => " chevron",
            _ => "",
        }
    }

    /// A sentence of the catalogue.
    pub fn t(&self, key: impl Borrow<Key>) -> String {
        catalogue::say(self.exchange.language(), *key.borrow())
    }

    /// A sentence with a value in it.
    pub fn t1(&self, key: impl Borrow<Key>, name: &'static str, value: impl ToArg) -> String {
        self.say(Text::new(*key.borrow()).with(name, value.to_arg()))
    }

    /// A sentence with two values in it.
    pub fn t2(
        &self,
        key: impl Borrow<Key>,
        first: &'static str,
        value: impl ToArg,
        second: &'static str,
        other: impl ToArg,
    ) -> String {
        let text = Text::new(*key.borrow()).with(first, value.to_arg());
        self.say(text.with(second, other.to_arg()))
    }

    /// A sentence that somebody else put together.
    pub fn say(&self, text: impl Borrow<Text>) -> String {
        text.borrow().to(self.exchange.language())
    }

    /// The words for a field, where an error about it stands apart from it.
    pub fn label(&self, field: &str) -> String {
        match Key::find(&format!("field-{}", field.replace(['_', '.'], "-"))) {
            Some(key) => self.t(key),
            None => field.to_owned(),
        }
    }

    /// A role in words.
    pub fn role(&self, role: impl Borrow<Role>) -> String {
        self.t(match role.borrow() {
            Role::HeadOfficeAdmin => keys::ROLE_HEAD_OFFICE_ADMIN,
            Role::BranchManager => keys::ROLE_BRANCH_MANAGER,
            Role::Operator => keys::ROLE_OPERATOR,
        })
    }

    /// For `<html lang>`.
    pub fn language(&self) -> &'static str {
        self.exchange.language().tag()
    }

    /// For `<html data-theme>`; none as the system has it.
    pub fn theme(&self) -> Option<&'static str> {
        match self.exchange.theme() {
            Theme::Auto => None,
            theme => Some(theme.as_str()),
        }
    }

    /// The themes to choose from: name, icon, words, whether it is the present one.
    pub fn themes(&self) -> [(&'static str, &'static str, String, bool); 3] {
        [
            (Theme::Auto, "contrast", keys::THEME_AUTO),
            (Theme::Light, "sun", keys::THEME_LIGHT),
            (Theme::Dark, "moon", keys::THEME_DARK),
        ]
        .map(|(theme, icon, words)| {
            (
                theme.as_str(),
                icon,
                self.t(words),
                theme == self.exchange.theme(),
            )
        })
    }

    /// Where the person is.
    pub fn path(&self) -> &str {
        self.exchange.path()
    }

    /// The request's id, to tell support.
    pub fn request_id(&self) -> String {
        self.exchange.id().to_string()
    }

    /// What script tags carry.
    pub fn nonce(&self) -> &str {
        self.exchange.nonce()
    }

    /// A new token for a form of this page. Empty where nobody is there to bind it to; such a form would be refused.
    pub fn csrf(&self) -> String {
        let token = self.exchange.csrf_token();
        debug_assert!(
            token.is_some(),
            "a form on a page without a session or seed"
        );
        token.unwrap_or_default()
    }

    /// Address of an icon.
    pub fn icon(&self, name: impl std::fmt::Display) -> String {
        format!("{}#{name}", assets::ICONS.path)
    }

    /// Address of the style sheet.
    pub fn style(&self) -> &'static str {
        assets::STYLE.path
    }

    /// Address of the picture in the browser's tab.
    pub fn favicon(&self) -> &'static str {
        assets::FAVICON.path
    }

    /// The script: address and integrity.
    pub fn script(&self) -> (&'static str, &'static str) {
        (assets::ENHANCE.path, assets::ENHANCE.integrity)
    }

    /// The script of pages that ask for a passkey: address and integrity.
    pub fn passkey_script(&self) -> (&'static str, &'static str) {
        (assets::PASSKEYS.path, assets::PASSKEYS.integrity)
    }
}

impl Me {
    /// The first letters of the first two words of the name.
    pub fn initials(&self) -> String {
        initials(&self.name)
    }

    /// Their role.
    pub fn role(&self) -> Role {
        self.actor.role().unwrap_or(Role::Operator)
    }
}

/// The first letters of the first two words of a name.
pub(crate) fn initials(name: &str) -> String {
    name.split_whitespace()
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}

/// What can stand in a sentence, as templates have it: by reference or not.
pub trait ToArg {
    /// The value.
    fn to_arg(self) -> Arg;
}

macro_rules! to_arg {
    ($($kind:ty => $from:expr),+ $(,)?) => {$(
        impl ToArg for $kind {
            fn to_arg(self) -> Arg {
                let make: fn($kind) -> Arg = $from;
                make(self)
            }
        }
    )+};
}

to_arg! {
    &str => |words| Arg::from(words),
    &&str => |words| Arg::from(*words),
    String => |value| Arg::from(value),
    &String => |words| Arg::from(words.as_str()),
    &&String => |words| Arg::from(words.as_str()),
    i64 => |value| Arg::from(value),
    &i64 => |number| Arg::from(*number),
    i32 => |value| Arg::from(value),
    &i32 => |number| Arg::from(*number),
    u32 => |value| Arg::from(value),
    &u32 => |number| Arg::from(*number),
    usize => |value| Arg::from(value),
    &usize => |number| Arg::from(*number),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_letters_of_two_words() {
        assert_eq!(initials("Farzana Rahman"), "FR");
        assert_eq!(initials("élise de la Tour"), "ÉD");
        assert_eq!(initials("রোকেয়া বেগম"), "রব");
        assert_eq!(initials("Cher"), "C");
        assert_eq!(initials(""), "");
    }
}
