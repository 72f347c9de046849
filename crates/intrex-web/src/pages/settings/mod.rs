//! Settings: one's own account, and the organisation. The frame is the list of what there is to set, which every page below
//! `/settings` shows beside itself; a page that is not there yet, or not for this person, has no entry.
//!
//! To add a page: its line in [`SECTIONS`], its two texts in `locales/en/settings.ftl`, and a template that extends
//! `settings/frame.html` and fills the block `section`.

pub(crate) mod access_reviews;
mod connectors;
pub(crate) mod health;
mod identities;
mod notification_routes;
mod organisation;
pub(crate) mod organisation_deletion;
mod passkeys;
mod people;
mod preferences;
mod second_factor;
mod security;
mod sessions;
mod sign_in;
mod tokens;

pub(super) use identities::PATH as IDENTITIES;
pub(super) use second_factor::offer_recovery_codes;

use askama::Template;
use axum::response::Response;
use intrex_core::{
    catalogue::{Key, keys},
    permission::Permission,
};

use crate::{
    answer::{Fault, Page, Place},
    request::{Exchange, Reader},
    routes::{Access, Routes},
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .page("/settings", Access::Needs(Permission::SessionsOwn), index)
        .with(second_factor::routes)
        .with(sessions::routes)
        .with(organisation::routes)
        .with(organisation_deletion::routes)
        .with(people::routes)
        .with(access_reviews::routes)
        .with(passkeys::routes)
        .with(identities::routes)
        .with(sign_in::routes)
        .with(connectors::routes)
        .with(notification_routes::routes)
        .with(preferences::routes)
        .with(tokens::routes)
        .with(security::routes)
        .with(health::routes)
}

/// Under which heading an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Account,
    Organisation,
}

/// One thing to set.
struct Section {
    part: Part,
    path: &'static str,
    icon: &'static str,
    words: Key,
    hint: Key,
    permission: Permission,
}

/// Everything that there is to set, in its order.
const SECTIONS: &[Section] = &[
    Section {
        part: Part::Account,
        path: "/settings/password",
        icon: "lock",
        words: keys::SETTINGS_PASSWORD,
        hint: keys::SETTINGS_PASSWORD_HINT,
        permission: Permission::AccountOwn,
    },
    Section {
        part: Part::Account,
        path: "/settings/second-factor",
        icon: "shield",
        words: keys::SETTINGS_SECOND_FACTOR,
        hint: keys::SETTINGS_SECOND_FACTOR_HINT,
        permission: Permission::SessionsOwn,
    },
    Section {
        part: Part::Account,
        path: "/settings/passkeys",
        icon: "key",
        words: keys::SETTINGS_PASSKEYS,
        hint: keys::SETTINGS_PASSKEYS_HINT,
        permission: Permission::SessionsOwn,
    },
    Section {
        part: Part::Account,
        path: "/settings/identities",
        icon: "link",
        words: keys::SETTINGS_IDENTITIES,
        hint: keys::SETTINGS_IDENTITIES_HINT,
        permission: Permission::SessionsOwn,
    },
    Section {
        part: Part::Account,
        path: "/settings/sessions",
        icon: "user",
        words: keys::SETTINGS_SESSIONS,
        hint: keys::SETTINGS_SESSIONS_HINT,
        permission: Permission::SessionsOwn,
    },
    Section {
        part: Part::Account,
        path: "/settings/email",
        icon: "mail",
        words: keys::SETTINGS_EMAIL,
        hint: keys::SETTINGS_EMAIL_HINT,
        permission: Permission::AccountOwn,
    },
    Section {
        part: Part::Account,
        path: preferences::PATH,
        icon: "bell",
        words: keys::SETTINGS_NOTIFICATIONS,
        hint: keys::SETTINGS_NOTIFICATIONS_HINT,
        permission: Permission::PreferencesOwn,
    },
    Section {
        part: Part::Account,
        path: "/settings/tokens",
        icon: "key",
        words: keys::SETTINGS_TOKENS,
        hint: keys::SETTINGS_TOKENS_HINT,
        permission: Permission::TokensRead,
    },
    Section {
        part: Part::Organisation,
        path: "/settings/organisation",
        icon: "shop",
        words: keys::SETTINGS_ORGANISATION,
        hint: keys::SETTINGS_ORGANISATION_HINT,
        permission: Permission::TenantRead,
    },
    Section {
        part: Part::Organisation,
        path: "/settings/people",
        icon: "people",
        words: keys::SETTINGS_PEOPLE,
        hint: keys::SETTINGS_PEOPLE_HINT,
        permission: Permission::PeopleRead,
    },
    Section {
        part: Part::Organisation,
        path: "/settings/access-reviews",
        icon: "eye",
        words: keys::ACCESS_REVIEWS,
        hint: keys::ACCESS_REVIEWS_HINT,
        permission: Permission::AccessReviews,
    },
    Section {
        part: Part::Organisation,
        path: "/settings/sign-in",
        icon: "link",
        words: keys::SETTINGS_SIGN_IN,
        hint: keys::SETTINGS_SIGN_IN_HINT,
        permission: Permission::OidcManage,
    },
    Section {
        part: Part::Organisation,
        path: connectors::PATH,
        icon: "server",
        words: keys::SETTINGS_CONNECTORS,
        hint: keys::SETTINGS_CONNECTORS_HINT,
        permission: Permission::ConnectorsRead,
    },
    Section {
        part: Part::Organisation,
        path: notification_routes::PATH,
        icon: "bell",
        words: keys::SETTINGS_ROUTES,
        hint: keys::SETTINGS_ROUTES_HINT,
        permission: Permission::RoutesRead,
    },
    Section {
        part: Part::Organisation,
        path: security::PATH,
        icon: "shield",
        words: keys::SETTINGS_SECURITY,
        hint: keys::SETTINGS_SECURITY_HINT,
        permission: Permission::SecurityRead,
    },
    Section {
        part: Part::Organisation,
        path: health::PATH,
        icon: "clock",
        words: keys::SETTINGS_HEALTH,
        hint: keys::SETTINGS_HEALTH_HINT,
        permission: Permission::HealthRead,
    },
];

/// A heading with its entries, as templates show it.
#[derive(Debug)]
pub struct Group {
    /// For `aria-labelledby`.
    pub id: &'static str,
    /// The heading.
    pub words: String,
    /// Its entries.
    pub entries: Vec<Setting>,
}

/// One entry.
#[derive(Debug)]
pub struct Setting {
    /// Its address.
    pub path: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// Its words.
    pub words: String,
    /// What is to be found there.
    pub hint: String,
    /// Whether the page is this one, or below it.
    pub current: bool,
    /// How many things wait there, in words, if any do.
    pub waiting: Option<(i64, String)>,
}

impl Page {
    /// What this person can set.
    pub fn settings(&self) -> Vec<Group> {
        [
            (Part::Account, "account", keys::SETTINGS_PART_ACCOUNT),
            (
                Part::Organisation,
                "organisation",
                keys::SETTINGS_PART_ORGANISATION,
            ),
        ]
        .into_iter()
        .map(|(part, id, words)| Group {
            id,
            words: self.t(words),
            entries: SECTIONS
                .iter()
                .filter(|section| section.part == part)
                .filter(|section| self.has(section.path) && self.can(section.permission))
                .map(|section| Setting {
                    path: section.path,
                    icon: section.icon,
                    words: self.t(section.words),
                    hint: self.t(section.hint),
                    current: is_at(self.path(), section.path),
                    waiting: (section.path == security::PATH && self.to_look_at() > 0).then(|| {
                        let n = self.to_look_at();
                        (n, self.t1(keys::SECURITY_TO_LOOK_AT, "n", n))
                    }),
                })
                .collect(),
        })
        .filter(|group: &Group| !group.entries.is_empty())
        .collect()
    }
}

/// Whether an address (with its query) is a page or one below it.
fn is_at(address: &str, page: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    path.strip_prefix(page)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[derive(Template)]
#[template(path = "settings/index.html")]
struct IndexPage<'a> {
    page: &'a Page,
}

/// `GET /settings`
async fn index(exchange: Exchange, Reader(tx): Reader) -> Result<Response, Fault> {
    let page = Page::of_reader(tx, &exchange, Place::Settings, keys::NAV_SETTINGS).await?;
    page.show(&IndexPage { page: &page })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_current_on_its_page_and_below() {
        for (address, current) in [
            ("/settings/tokens", true),
            ("/settings/tokens?cursor=x", true),
            ("/settings/tokens/new", true),
            ("/settings/tokensmith", false),
            ("/settings", false),
        ] {
            assert_eq!(is_at(address, "/settings/tokens"), current, "{address}");
        }
    }
}
