//! The way out: what a host that a tenant names can be, and what it can do to the program that asks it.
//!
//! `table` every spelling of an address that leads inside · `names` what name servers can say · `answers` what servers can
//! answer · `kept` connections that wait for the next request · `server` one at its worst · `trap` a listener that nobody must reach

mod answers;
mod beginnings;
mod kept;
mod names;
pub(crate) mod server;
mod table;
mod trap;

use http::{Request, Uri};
use intrex_core::outside::http::{Limits, Outgoing, OutgoingError, Target};

/// Asks for an address as it was typed.
async fn get(outgoing: &Outgoing, text: &str) -> Result<http::Response<Vec<u8>>, OutgoingError> {
    let target = Target::parse(text)?;
    outgoing
        .send(request(target.uri()), Limits::default())
        .await
}

fn request(uri: Uri) -> Request<Vec<u8>> {
    let mut request = Request::new(Vec::new());
    *request.uri_mut() = uri;
    request
}
