//! A connection to a mail server that a tenant has named, as the protocol's library reads it: a line at a time, and no more
//! than so many bytes in all. A line at a time, because whatever lies behind the server's yes to STARTTLS came in the
//! clear, from anybody: it stays here, and the encryption that follows fails over it.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that a server may say in one conversation, TLS included.
const MAX_HEARD_BYTES: usize = 256 * 1024;
/// Bytes that are taken from the connection at a time.
const PIECE_BYTES: usize = 4 * 1024;

/// The connection.
#[derive(Debug)]
pub(super) struct Heard<S> {
    stream: S,
    peer: SocketAddr,
    /// What has arrived and was not given on.
    waiting: Vec<u8>,
    heard: usize,
}

impl<S> Heard<S> {
    pub(super) fn new(stream: S, peer: SocketAddr) -> Self {
        Heard {
            stream,
            peer,
            waiting: Vec::new(),
            heard: 0,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.waiting.is_empty() {
            let mut piece = [0; PIECE_BYTES];
            let mut piece = ReadBuf::new(&mut piece);
            match Pin::new(&mut this.stream).poll_read(cx, &mut piece) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
            this.heard += piece.filled().len();
            if this.heard > MAX_HEARD_BYTES {
                return Poll::Ready(Err(io::Error::other("the server says too much")));
            }
            this.waiting.extend_from_slice(piece.filled());
        }
        let line = this.waiting.iter().position(|byte| *byte == b'\n');
        let given = line
            .map_or(this.waiting.len(), |end| end + 1)
            .min(out.remaining());
        out.put_slice(&this.waiting[..given]);
        this.waiting.drain(..given);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> AsyncTokioStream
    for Heard<S>
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    fn peer() -> SocketAddr {
        ([192, 0, 2, 1], 25).into()
    }

    #[tokio::test]
    async fn a_line_is_given_at_a_time_whatever_came_with_it() {
        let mut heard = Heard::new(&b"220 go on\r\n250 injected\r\nrest"[..], peer());
        for expected in ["220 go on\r\n", "250 injected\r\n", "rest"] {
            let mut out = [0; 100];
            let read = heard.read(&mut out).await.expect("reads");
            assert_eq!(&out[..read], expected.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_server_that_never_ends_is_not_listened_to() {
        let mut heard = Heard::new(tokio::io::repeat(b'x'), peer());
        let mut all = Vec::new();
        assert!(heard.read_to_end(&mut all).await.is_err());
        assert!(all.len() <= MAX_HEARD_BYTES);
    }
}
