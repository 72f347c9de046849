//! Sign-in by an organisation's own identity provider (OpenID Connect, authorization code with PKCE). The provider stands
//! in the place of the password and of nothing else: Intrex's own second factor is asked of everybody. Whom it vouches for
//! is said by the person, in a session with a fresh second factor, by issuer and subject; an e-mail address only shows which
//! provider to ask, and only where its domain is proven.
//!
//! `model` providers, domains and what is shown of them · `input` what is typed · `reason` why a sign-in came to nothing ·
//! `directory` what providers publish · `keys` the public ones among it · `token` the checks of an ID token · `secrets` what
//! is sealed · `queries` all SQL · `commands` what admins configure · `domains` proofs · `upkeep` their end · `identities` what people link ·
//! `depart` the way to a provider · `arrive` the way back · `reads` what is shown.

mod arrive;
mod commands;
mod depart;
mod directory;
mod domains;
mod identities;
mod input;
mod keys;
mod model;
pub(crate) mod queries;
pub mod reads;
mod reason;
mod secrets;
mod token;
pub(crate) mod upkeep;

pub use arrive::{Arrival, Returned, arrive};
pub use commands::{configure, disable, enable, remove, update};
pub use depart::{Begun, Departure, Routed, begin, begin_linking, route};
pub use directory::Directory;
pub use domains::{add_domain, prove_domain, remove_domain};
pub use identities::unlink;
pub use input::{RawDomain, RawProvider};
pub use model::{Identity, Provider, ProviderDomain, ProviderName, Secret};
pub(crate) use queries::clear;
