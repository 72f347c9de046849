//! The two ceremonies of WebAuthn, by the library that parses and verifies what authenticators send: CBOR, COSE keys,
//! client data and signatures are its matter alone. Nothing here knows the database.
//!
//! User verification is always required; attestation is not asked for; the origin is compared as a whole.

use serde_json::Value;
use webauthn_rp::{
    AuthenticatedCredential,
    bin::{Decode as _, Encode as _},
    request::{
        AsciiDomain, Credentials as _, PublicKeyCredentialDescriptor, RpId,
        UserVerificationRequirement,
        auth::{
            AllowedCredential, AllowedCredentials, AuthenticationVerificationOptions,
            NonDiscoverableAuthenticationServerState, NonDiscoverableCredentialRequestOptions,
        },
        register::{
            Nickname, PublicKeyCredentialCreationOptions, PublicKeyCredentialUserEntity,
            RegistrationServerState, RegistrationVerificationOptions, ResidentKeyRequirement,
            UserHandle16, Username,
        },
    },
    response::{
        AuthTransports, CredentialId,
        auth::{NonDiscoverableAuthentication16, error::AuthCeremonyErr},
        register::{DynamicState, Registration, StaticState},
    },
};

use super::{domain, model::MAX_CREDENTIAL, queries::Stored};
use crate::{
    app::Settings,
    catalogue::keys,
    error::{Error, Result},
    ids::PersonId,
};

/// What authenticators show where the library would show the host.
const SITE_NAME: &str = "Intrex";

/// The address that browsers sign for.
#[derive(Debug)]
pub(super) struct Site {
    rp_id: RpId,
    /// Scheme, host and port, as browsers write them.
    origin: String,
}

/// A ceremony that has begun: what the browser is given, and what verifies its answer.
#[derive(Debug)]
pub(super) struct Begun {
    pub options: Value,
    pub state: Vec<u8>,
}

/// For whom a passkey is made.
#[derive(Debug)]
pub(super) struct Holder<'a> {
    pub person: PersonId,
    pub email: &'a str,
    pub name: &'a str,
}

/// What is kept of a new passkey.
#[derive(Debug)]
pub(super) struct Registered {
    pub credential_id: Vec<u8>,
    pub public_key: Vec<u8>,
    pub counter_state: [u8; 7],
    pub transports: u8,
}

/// An answer to a challenge that could be read.
#[derive(Debug)]
pub(super) struct Assertion(NonDiscoverableAuthentication16);

/// Why an answer does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The signature counter did not grow: there may be a copy of the authenticator.
    CounterWentBack,
    /// Anything else.
    Wrong,
}

impl Site {
    /// Of this installation, if passkeys can be used at its address.
    pub(super) fn of(settings: &Settings) -> Result<Site> {
        let domain = domain(settings)
            .and_then(|domain| AsciiDomain::try_from(domain.to_owned()).ok())
            .ok_or_else(|| Error::conflict(keys::PASSKEYS_NOT_AT_THIS_ADDRESS))?;
        Ok(Site {
            rp_id: RpId::Domain(domain),
            origin: settings.base_url.origin().ascii_serialization(),
        })
    }

    pub(super) fn rp_id(&self) -> &str {
        self.rp_id.as_ref()
    }

    /// Begins to make a passkey, on an authenticator that has none of these.
    pub(super) fn begin_registration(
        &self,
        holder: &Holder<'_>,
        known: &[Stored],
    ) -> Result<Begun> {
        let handle = handle(holder.person);
        let user = PublicKeyCredentialUserEntity {
            // What people typed may be more than the profile of user names allows; it is shown, never compared.
            name: Username::try_from(holder.email)
                .or_else(|_| Username::try_from("account"))
                .map_err(Error::internal)?,
            id: &handle,
            display_name: Nickname::try_from(holder.name).ok(),
        };
        let known = known.iter().map(descriptor).collect::<Result<_>>()?;
        let mut options =
            PublicKeyCredentialCreationOptions::second_factor(&self.rp_id, user, known);
        options.authenticator_selection.user_verification = UserVerificationRequirement::Required;
        // Password managers keep only what can be discovered; a security key need not spend a slot.
        options.authenticator_selection.resident_key = ResidentKeyRequirement::Preferred;
        options.extensions.cred_props = None;
        let (server, client) = options.start_ceremony().map_err(Error::internal)?;
        let mut options = serde_json::to_value(&client).map_err(Error::internal)?;
        options["rp"]["name"] = SITE_NAME.into();
        Ok(Begun {
            options,
            state: server.encode().map_err(Error::internal)?,
        })
    }

    /// What was made, if the answer fits what was asked.
    pub(super) fn finish_registration(&self, state: &[u8], credential: &str) -> Option<Registered> {
        if credential.len() > MAX_CREDENTIAL {
            return None;
        }
        let response = Registration::from_json_relaxed(credential.as_bytes())
            .inspect_err(|why| tracing::info!(%why, "a new passkey cannot be read"))
            .ok()?;
        let server = RegistrationServerState::<16>::decode(state).ok()?;
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &[&self.origin],
            // Some authenticators add extensions that nobody has asked for; none of them matters here.
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        let made = server
            .verify(&self.rp_id, &response, &options)
            .inspect_err(|why| tracing::info!(%why, "a passkey was not added"))
            .ok()?;
        Some(Registered {
            credential_id: made.id().as_ref().to_vec(),
            public_key: made.static_state().encode().ok()?,
            counter_state: made.dynamic_state().encode().ok()?,
            transports: made.transports().encode().ok()?,
        })
    }

    /// Asks for a signature by one of these, of which there must be one at least.
    pub(super) fn begin_assertion(&self, known: &[Stored]) -> Result<Begun> {
        let mut allowed = AllowedCredentials::with_capacity(known.len());
        for stored in known {
            allowed.push(AllowedCredential::from(descriptor(stored)?));
        }
        let mut options =
            NonDiscoverableCredentialRequestOptions::second_factor(&self.rp_id, allowed)
                .map_err(|_| Error::conflict(keys::PASSKEYS_NONE))?;
        options.options().user_verification = UserVerificationRequirement::Required;
        let (server, client) = options.start_ceremony().map_err(Error::internal)?;
        Ok(Begun {
            options: serde_json::to_value(&client).map_err(Error::internal)?,
            state: server.encode().map_err(Error::internal)?,
        })
    }

    /// Whether an answer was signed by this passkey, for what was asked; then the state to keep.
    pub(super) fn finish_assertion(
        &self,
        state: &[u8],
        assertion: &Assertion,
        person: PersonId,
        stored: &Stored,
    ) -> std::result::Result<[u8; 7], Refusal> {
        let broken = || {
            tracing::error!(passkey = %stored.id, "what is kept of a passkey cannot be read");
            Refusal::Wrong
        };
        let server =
            NonDiscoverableAuthenticationServerState::decode(state).map_err(|_| Refusal::Wrong)?;
        let handle = handle(person);
        let id =
            CredentialId::<&[u8]>::decode(stored.credential_id.as_slice()).map_err(|_| broken())?;
        let key = StaticState::decode(stored.public_key.as_slice()).map_err(|_| broken())?;
        let before: [u8; 7] = stored
            .counter_state
            .as_slice()
            .try_into()
            .map_err(|_| broken())?;
        let before = DynamicState::decode(before).map_err(|_| broken())?;
        let mut credential =
            AuthenticatedCredential::new(id, &handle, key, before).map_err(|_| broken())?;
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &[&self.origin],
            error_on_unsolicited_extensions: false,
            update_uv: true,
            ..Default::default()
        };
        match server.verify(&self.rp_id, &assertion.0, &mut credential, &options) {
            Ok(_) => credential
                .dynamic_state()
                .encode()
                .map_err(|never| match never {}),
            Err(AuthCeremonyErr::SignatureCounter) => Err(Refusal::CounterWentBack),
            Err(why) => {
                tracing::info!(%why, "a passkey was not accepted");
                Err(Refusal::Wrong)
            }
        }
    }
}

impl Assertion {
    /// An answer as the browser has sent it.
    pub(super) fn read(credential: &str) -> Option<Self> {
        if credential.len() > MAX_CREDENTIAL {
            return None;
        }
        NonDiscoverableAuthentication16::from_json_relaxed(credential.as_bytes())
            .inspect_err(|why| tracing::info!(%why, "a passkey's answer cannot be read"))
            .ok()
            .map(Assertion)
    }

    /// The credential that has signed, as it says.
    pub(super) fn credential_id(&self) -> Vec<u8> {
        self.0.raw_id().as_ref().to_vec()
    }
}

/// The user handle: the person's id, which tells an authenticator nothing about them.
fn handle(person: PersonId) -> UserHandle16 {
    UserHandle16::decode(person.uuid().into_bytes()).unwrap_or_else(|never| match never {})
}

fn descriptor(stored: &Stored) -> Result<PublicKeyCredentialDescriptor<Vec<u8>>> {
    let transports = u8::try_from(stored.transports).map_err(Error::internal)?;
    Ok(PublicKeyCredentialDescriptor {
        id: CredentialId::<Vec<u8>>::decode(stored.credential_id.clone())
            .map_err(Error::internal)?,
        transports: AuthTransports::decode(transports).map_err(Error::internal)?,
    })
}
