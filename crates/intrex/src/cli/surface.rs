//! `intrex routes` and `intrex openapi`: what can be reached over HTTP, from the program's own declarations. Neither needs
//! a configuration or a database.

use anyhow::Result;

use super::{
    Ended, Format,
    output::{json, table},
};

/// Every route with what it needs.
pub(super) fn routes(format: Format) -> Result<Ended> {
    let routes = intrex_web::routes();
    if format.json {
        json(&routes)?;
    } else {
        let verb = |method: &serde_json::Value| method.as_str().unwrap_or_default().to_owned();
        let rows = routes
            .iter()
            .map(|route| {
                Ok([
                    verb(&serde_json::to_value(route.method)?),
                    route.path.to_owned(),
                    route.permission.to_owned(),
                ])
            })
            .collect::<Result<Vec<[String; 3]>>>()?;
        table(["method", "path", "permission"], &rows)?;
    }
    Ok(Ended::Well)
}

/// The description of the API.
pub(super) fn openapi() -> Result<Ended> {
    json(&intrex_web::openapi())?;
    Ok(Ended::Well)
}
