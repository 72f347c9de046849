//! Typed ids: an obligation's id cannot be passed where a branch's is meant. All are UUIDs of version 7, made from the
//! injected clock and chance by [`crate::app::App::new_id`].

use uuid::Uuid;

/// What every id type can do.
pub trait Id: Copy + From<Uuid> {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type,
                 utoipa::ToSchema)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(Uuid);

        impl $name {
            /// The bare UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }
        impl Id for $name {}
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                $name(id)
            }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map($name)
            }
        }
    )+};
}

ids! {
    /// An organisation.
    TenantId,
    /// A branch of a tenant.
    BranchId,
    /// Somebody who signs in.
    PersonId,
    /// An invitation to set a password.
    InvitationId,
    /// A session of a person.
    SessionId,
    /// A passkey.
    PasskeyId,
    /// An identity provider of an organisation.
    ProviderId,
    /// A domain that leads to an identity provider.
    ProviderDomainId,
    /// Whom an identity provider vouches for.
    IdentityId,
    /// A device that somebody has signed in with.
    DeviceId,
    /// An API token.
    TokenId,
    /// A look at everybody's access.
    AccessReviewId,
    /// A place: a country or a part of one.
    JurisdictionId,
    /// A rule from which obligations are made.
    TemplateId,
    /// Something owed by a date.
    ObligationId,
    /// The occurrences of one recurring obligation.
    SeriesId,
    /// An applied import file.
    ImportId,
    /// One planned reminder.
    SlotId,
    /// A message in somebody's inbox.
    NotificationId,
    /// Somebody's word that they have an item in hand.
    AcknowledgementId,
    /// A notification route.
    RouteId,
    /// A connector.
    ConnectorId,
    /// A message on its way to one recipient.
    DeliveryId,
    /// A background job.
    JobId,
    /// A data key.
    KeyId,
    /// An audit event.
    EventId,
    /// Something that somebody should look at.
    SecurityEventId,
}

impl TenantId {
    /// The platform itself: a tenant without a row, to which events and counters belong that are nobody's. Every tenant
    /// table references `tenants`, so that nothing else can be stored under it.
    pub const PLATFORM: TenantId = TenantId(Uuid::nil());
}
