//! Light, dark, or as the system has it: remembered in a cookie, because it belongs to the screen more than to the person.

use axum::response::Response;
use intrex_core::{
    Error,
    catalogue::{Text, keys},
    permission::Permission,
};
use serde::Deserialize;

use crate::{
    answer::Fault,
    request::{
        Exchange, Form,
        cookies::{self, Theme},
        guard::see_other,
        next,
    },
    routes::{Access, Routes},
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.form(
        "/settings/theme",
        Access::Needs(Permission::SessionsOwn),
        submit,
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawTheme {
    theme: String,
    back: String,
}

/// `POST /settings/theme`
async fn submit(exchange: Exchange, form: Form<RawTheme>) -> Result<Response, Fault> {
    let input = form.input;
    let theme = Theme::parse(&input.theme).ok_or_else(|| {
        let text = Text::new(keys::ERROR_FIELD_NOT_ONE_OF).with("choices", "auto, light, dark");
        Error::invalid("theme", text)
    })?;
    exchange.set_cookie(cookies::set_theme(theme));
    Ok(see_other(next::checked(&input.back).unwrap_or(next::HOME)))
}
