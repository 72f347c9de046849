//! Everything that can go wrong between a request and its answer, and what the caller hears of it: one list of status
//! codes, for pages and programs alike. Handlers and extractors return a [`Fault`]; the frame renders it, because only
//! there it is known how errors look on that route.

use std::sync::Arc;

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use intrex_core::{
    Error,
    catalogue::{Key, Text, keys},
    error::{Conflict, FieldError},
};

use crate::request::guard::see_other;

/// Seconds after which to try again while the database is away.
const DATABASE_RETRY_SEC: i64 = 10;
/// Seconds after which to try again while the same request is being worked on.
const BUSY_RETRY_SEC: i64 = 1;

/// The problem's type where a fresh second factor is asked for; pages lead to where it is given.
pub(crate) const STEP_UP: &str = "step-up-required";

/// What a handler or extractor fails with.
#[derive(Debug)]
pub enum Fault {
    /// The core refused or failed.
    Core(Error),
    /// No credential, or none that counts; with the page to come back to.
    Unauthenticated(Option<String>),
    /// What was asked for is done on another page: a redirect.
    Elsewhere(String),
    /// A cookie of ours arrived twice.
    AmbiguousCookie,
    /// The CSRF token is missing or not this session's.
    Forged,
    /// The browser says that another site sent this.
    CrossSite,
    /// For another host.
    WrongHost,
    /// There is something here, but not for this method.
    WrongMethod,
    /// The body is too large.
    TooLarge,
    /// The body is of a type that is not read here.
    WrongType,
    /// The request cannot be read; with the reason.
    Malformed(Text),
    /// It took too long.
    TooSlow,
    /// Too many requests; with the seconds to wait.
    TooMany(i64),
    /// The answer is already there: a repeated request.
    Answered(Box<Response>),
}

impl Fault {
    /// Nothing here.
    pub const NOT_FOUND: Fault = Fault::Core(Error::NotFound);

    /// Whether the same request may well succeed in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Fault::Core(error) => error.is_passing(),
            fault => matches!(fault, Fault::TooSlow),
        }
    }

    /// Our fault; the cause goes to the log.
    pub fn internal(cause: &'static str) -> Self {
        Fault::Core(Error::internal(cause))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Core(error)
    }
}

/// What the caller hears.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    /// The last part of the problem's type.
    pub(crate) slug: &'static str,
    pub(crate) title: Key,
    pub(crate) detail: Text,
    pub(crate) errors: Vec<FieldError>,
    pub(crate) retry_after_sec: Option<i64>,
    /// On 401: the page to come back to.
    pub(crate) next: Option<String>,
    /// On an error page.
    pub(crate) icon: &'static str,
}

impl Told {
    fn new(status: StatusCode, slug: &'static str, title: Key, detail: impl Into<Text>) -> Self {
        Told {
            status,
            slug,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_sec: None,
            next: None,
            icon: "alert",
        }
    }

    fn icon(mut self, icon: &'static str) -> Self {
        self.icon = icon;
        self
    }

    fn retry_after(mut self, seconds: i64) -> Self {
        self.retry_after_sec = Some(seconds);
        self
    }

    fn of(fault: Fault) -> Self {
        use StatusCode as S;
        match fault {
            Fault::Core(error) => Self::of_error(error),
            Fault::Unauthenticated(next) => Told {
                next,
                ..Told::new(
                    S::UNAUTHORIZED,
                    "unauthenticated",
                    keys::FAULT_UNAUTHENTICATED,
                    keys::FAULT_UNAUTHENTICATED_DETAIL,
                )
                .icon("key")
            },
            Fault::AmbiguousCookie => Told::new(
                S::BAD_REQUEST,
                "ambiguous-cookie",
                keys::FAULT_MALFORMED,
                keys::FAULT_AMBIGUOUS_COOKIE_DETAIL,
            ),
            Fault::Forged => Told::new(
                S::FORBIDDEN,
                "csrf",
                keys::FAULT_FORGED,
                keys::FAULT_FORGED_DETAIL,
            )
            .icon("shield"),
            Fault::CrossSite => Told::new(
                S::FORBIDDEN,
                "cross-site",
                keys::FAULT_CROSS_SITE,
                keys::FAULT_CROSS_SITE_DETAIL,
            )
            .icon("shield"),
            Fault::WrongHost => Told::new(
                S::MISDIRECTED_REQUEST,
                "wrong-host",
                keys::FAULT_WRONG_HOST,
                keys::FAULT_WRONG_HOST_DETAIL,
            ),
            Fault::WrongMethod => Told::new(
                S::METHOD_NOT_ALLOWED,
                "wrong-method",
                keys::FAULT_WRONG_METHOD,
                keys::FAULT_WRONG_METHOD_DETAIL,
            ),
            Fault::TooLarge => Told::new(
                S::PAYLOAD_TOO_LARGE,
                "too-large",
                keys::FAULT_TOO_LARGE,
                keys::FAULT_TOO_LARGE_DETAIL,
            ),
            Fault::WrongType => Told::new(
                S::UNSUPPORTED_MEDIA_TYPE,
                "wrong-type",
                keys::FAULT_WRONG_TYPE,
                keys::FAULT_WRONG_TYPE_DETAIL,
            ),
            Fault::Malformed(text) => {
                Told::new(S::BAD_REQUEST, "malformed", keys::FAULT_MALFORMED, text)
            }
            Fault::TooSlow => Told::new(
                S::SERVICE_UNAVAILABLE,
                "too-slow",
                keys::FAULT_TOO_SLOW,
                keys::FAULT_TOO_SLOW_DETAIL,
            )
            .icon("clock")
            .retry_after(DATABASE_RETRY_SEC),
            Fault::TooMany(seconds) => Told::new(
                S::TOO_MANY_REQUESTS,
                "too-many",
                keys::FAULT_TOO_MANY,
                Text::new(keys::FAULT_TOO_MANY_DETAIL).with("seconds", seconds),
            )
            .icon("clock")
            .retry_after(seconds),
            Fault::Elsewhere(_) | Fault::Answered(_) => {
                Self::of_error(Error::internal("an answer is no fault"))
            }
        }
    }

    fn of_error(error: Error) -> Self {
        use StatusCode as S;
        match error {
            Error::NotFound => Told::new(
                S::NOT_FOUND,
                "not-found",
                keys::FAULT_NOT_FOUND,
                keys::ERROR_NOT_FOUND,
            )
            .icon("search"),
            Error::Forbidden => Told::new(
                S::FORBIDDEN,
                "forbidden",
                keys::FAULT_FORBIDDEN,
                keys::ERROR_FORBIDDEN,
            )
            .icon("lock"),
            Error::SessionNeeded => Told::new(
                S::FORBIDDEN,
                "session-required",
                keys::FAULT_FORBIDDEN,
                keys::ERROR_SESSION_NEEDED,
            )
            .icon("lock"),
            Error::StepUp => Told::new(
                S::FORBIDDEN,
                STEP_UP,
                keys::FAULT_STEP_UP,
                keys::FAULT_STEP_UP_DETAIL,
            )
            .icon("key"),
            Error::Invalid(errors) => Told {
                errors,
                ..Told::new(
                    S::UNPROCESSABLE_ENTITY,
                    "invalid",
                    keys::FAULT_INVALID,
                    keys::ERROR_INVALID,
                )
            },
            Error::TooMany {
                text,
                retry_after_sec,
            } => Told::new(S::TOO_MANY_REQUESTS, "too-many", keys::FAULT_TOO_MANY, text)
                .icon("clock")
                .retry_after(retry_after_sec),
            Error::Conflict(conflict) => {
                let detail = conflict.text();
                match conflict {
                    Conflict::Stale => {
                        Told::new(S::PRECONDITION_FAILED, "stale", keys::FAULT_STALE, detail)
                    }
                    Conflict::Busy => Told::new(S::CONFLICT, "busy", keys::FAULT_CONFLICT, detail)
                        .retry_after(BUSY_RETRY_SEC),
                    Conflict::Duplicate => {
                        Told::new(S::CONFLICT, "duplicate", keys::FAULT_CONFLICT, detail)
                    }
                    Conflict::Settled(_) => {
                        Told::new(S::CONFLICT, "already-settled", keys::FAULT_CONFLICT, detail)
                    }
                    Conflict::NotSettled(_) => {
                        Told::new(S::CONFLICT, "already-open", keys::FAULT_CONFLICT, detail)
                    }
                    Conflict::Because(_) => {
                        Told::new(S::CONFLICT, "conflict", keys::FAULT_CONFLICT, detail)
                    }
                }
            }
            Error::Unconfirmed { cause } => {
                tracing::error!(error = %cause, "database lost while it was asked to keep a change");
                Told::new(
                    S::SERVICE_UNAVAILABLE,
                    "unconfirmed",
                    keys::FAULT_UNAVAILABLE,
                    keys::ERROR_UNCONFIRMED,
                )
                .icon("database")
                .retry_after(DATABASE_RETRY_SEC)
            }
            Error::Internal {
                unavailable: true,
                cause,
            } => {
                tracing::error!(error = %cause, "database unavailable");
                Told::new(
                    S::SERVICE_UNAVAILABLE,
                    "unavailable",
                    keys::FAULT_UNAVAILABLE,
                    keys::ERROR_UNAVAILABLE,
                )
                .icon("database")
                .retry_after(DATABASE_RETRY_SEC)
            }
            Error::Internal { cause, .. } => {
                tracing::error!(error = %cause, "internal error");
                Told::new(
                    S::INTERNAL_SERVER_ERROR,
                    "internal",
                    keys::FAULT_INTERNAL,
                    keys::ERROR_INTERNAL,
                )
            }
        }
    }

    /// An empty answer that tells the frame what to render.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_sec {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Fault::Elsewhere(path) => see_other(&path),
            Fault::Answered(response) => *response,
            fault => Told::of(fault).into_response(),
        }
    }
}
