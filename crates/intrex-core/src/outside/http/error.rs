//! What can go wrong on the way out. The sentences may be shown to whoever typed the address, so they hold no address of
//! ours and nothing that the other side or a library said.

/// Why an address is not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// It can't be read as the address of a web server.
    #[error("it is not an address such as https://example.com/path")]
    Url,
    /// It can't be read as a host.
    #[error("it is not the name of a host")]
    Host,
    /// A user or password in the address.
    #[error("it holds a user or a password")]
    UserInfo,
    /// Plain HTTP.
    #[error("it does not begin with https://")]
    PlainHttp,
    /// A port that is not for this.
    #[error("its port is not allowed")]
    Port,
    /// One of the addresses behind it is not public.
    #[error("it does not lead to a public address")]
    NotPublic,
    /// This installation or its database.
    #[error("it leads back to this installation")]
    Own,
    /// The request carries a header that belongs to the connection.
    #[error("it sets a header that is not for requests to set")]
    Header,
}

/// Why a request had no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum OutgoingError {
    /// The address is not reached. Nothing was sent to it.
    #[error("the address is refused: {0}")]
    Refused(Refusal),
    /// The name was not found, or no name server answered.
    #[error("the name of the host was not found")]
    Dns,
    /// No connection.
    #[error("the host did not accept a connection")]
    Connect,
    /// No trusted, encrypted connection.
    #[error("the host did not offer an encrypted connection with a trusted certificate")]
    Tls,
    /// No whole answer in time.
    #[error("the host did not answer in time")]
    TimedOut,
    /// A longer answer than is read.
    #[error("the answer is too long")]
    TooLarge,
    /// The answer is not HTTP, its head is too long, or it ended early.
    #[error("the host did not answer in HTTP")]
    Protocol,
}

impl From<Refusal> for OutgoingError {
    fn from(refusal: Refusal) -> Self {
        OutgoingError::Refused(refusal)
    }
}
