//! The main navigation: the places that there are, and the part of them that a person sees.

use intrex_core::{
    catalogue::{Key, keys},
    permission::Permission,
};

use super::Page;

/// The entries of the main navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What needs attention now.
    Today,
    /// The register.
    Obligations,
    /// The rules that obligations are made from.
    Templates,
    /// The branches.
    Branches,
    /// The inbox.
    Messages,
    /// The audit log.
    Audit,
    /// One's account, and the organisation's settings.
    Settings,
}

/// One entry as the template shows it.
#[derive(Debug)]
pub struct Entry {
    /// Its address.
    pub path: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// Its words.
    pub words: String,
    /// Whether the page is this one.
    pub current: bool,
    /// Whether a narrow screen keeps it under "More".
    pub rest: bool,
    /// Whether it stands apart, at the foot of the rail.
    pub last: bool,
}

/// Entries that fit a narrow screen's bar; the rest go under "More".
const FIRST_ENTRIES: usize = 5;

impl Place {
    const ALL: [(Place, &'static str, &'static str, Key, Permission); 7] = [
        (
            Place::Today,
            "/today",
            "home",
            keys::NAV_TODAY,
            Permission::ObligationsRead,
        ),
        (
            Place::Obligations,
            "/obligations",
            "list",
            keys::NAV_OBLIGATIONS,
            Permission::ObligationsRead,
        ),
        (
            Place::Messages,
            "/messages",
            "message",
            keys::NAV_MESSAGES,
            Permission::NotificationsRead,
        ),
        (
            Place::Branches,
            "/branches",
            "shop",
            keys::NAV_BRANCHES,
            Permission::BranchesRead,
        ),
        (
            Place::Templates,
            "/templates",
            "doc",
            keys::NAV_TEMPLATES,
            Permission::TemplatesRead,
        ),
        (
            Place::Audit,
            "/audit",
            "shield",
            keys::NAV_AUDIT,
            Permission::AuditRead,
        ),
        (
            Place::Settings,
            "/settings",
            "gear",
            keys::NAV_SETTINGS,
            Permission::SessionsOwn,
        ),
    ];
}

impl Page {
    /// The person's part of the main navigation.
    pub fn navigation(&self) -> Vec<Entry> {
        let Some(me) = self.me() else {
            return Vec::new();
        };
        let allowed: Vec<_> = Place::ALL
            .into_iter()
            .filter(|(_, path, _, _, permission)| me.actor.can(*permission) && self.has(path))
            .collect();
        let many = allowed.len() > FIRST_ENTRIES;
        allowed
            .into_iter()
            .enumerate()
            .map(|(at, (place, path, icon, words, _))| Entry {
                path,
                icon,
                words: self.t(words),
                current: self.place == Some(place),
                rest: many && at + 1 >= FIRST_ENTRIES,
                last: place == Place::Settings,
            })
            .collect()
    }

    /// Whether a narrow screen keeps something under "More".
    pub fn has_rest(&self) -> bool {
        self.navigation().iter().any(|entry| entry.rest)
    }
}
