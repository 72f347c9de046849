//! One's own account: changing the password, setting another one when it is forgotten, using another address.

mod agree;
mod email;
mod forgot;
mod password;
mod reset;

use axum::http::StatusCode;
use intrex_core::catalogue::Text;

use crate::{
    answer::{FormView, Page, wait},
    routes::Routes,
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(forgot::routes)
        .with(reset::routes)
        .with(agree::routes)
        .with(password::routes)
        .with(email::routes)
}

/// A form as it is to be shown, and what is said above it.
#[derive(Debug)]
pub(super) struct Drawing {
    pub(super) status: StatusCode,
    pub(super) form: FormView,
    pub(super) notice: Option<Notice>,
    pub(super) retry_after_sec: Option<i64>,
}

/// What is said above a form: in which manner, and the words.
#[derive(Debug)]
pub(super) struct Notice {
    kind: &'static str,
    icon: &'static str,
    words: Text,
}

impl Notice {
    fn good(words: impl Into<Text>) -> Self {
        Notice {
            kind: "ok",
            icon: "check",
            words: words.into(),
        }
    }

    fn bad(words: impl Into<Text>) -> Self {
        Notice {
            kind: "over",
            icon: "alert",
            words: words.into(),
        }
    }

    /// Kind, icon and sentence.
    pub(super) fn said(self, page: &Page) -> (&'static str, &'static str, String) {
        (self.kind, self.icon, page.say(self.words))
    }
}

impl Drawing {
    pub(super) fn new(status: StatusCode) -> Self {
        Drawing {
            status,
            form: FormView::empty(),
            notice: None,
            retry_after_sec: None,
        }
    }

    fn saying(self, notice: Notice) -> Self {
        Drawing {
            notice: Some(notice),
            ..self
        }
    }

    /// Too many tries.
    pub(super) fn wait(retry_after_sec: i64) -> Self {
        let words = wait::words(retry_after_sec);
        Drawing {
            retry_after_sec: Some(retry_after_sec),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS).saying(Notice::bad(words))
        }
    }
}
