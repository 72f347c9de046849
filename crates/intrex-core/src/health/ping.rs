//! The dead-man's switch: a word to a watcher outside (any service that raises an alarm when it has not been called for a
//! while), said only while all background work goes on. An installation that has died can't say so itself.

use std::sync::Arc;

use http::{Request, StatusCode};
use tokio::{sync::watch, time};
use url::Url;

use super::{INTERVAL, all, standing_still};
use crate::{
    app::App,
    error::Result,
    outside::http::{Limits, Outgoing, OutgoingSettings, PlainHttp},
};

/// Where the watcher is: `INTREX_PING_URL`. The address may hold its secret, and is never shown.
#[derive(Clone)]
pub struct Watcher {
    url: Arc<Url>,
    way: Outgoing,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watcher({})", self.url.host_str().unwrap_or_default())
    }
}

/// What came of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The watcher was called and has answered.
    Called,
    /// It was called and did not answer with success.
    Unheard,
    /// It was not called, because some work stands still.
    Withheld,
}

impl Watcher {
    /// A watcher whom the operator names: it may stand in a network of the operator's own, without TLS.
    pub fn new(url: Url) -> Self {
        let everywhere = ["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("a network"));
        Watcher {
            url: Arc::new(url),
            way: Outgoing::new(OutgoingSettings {
                private_nets: everywhere.to_vec(),
                plain_http: PlainHttp::Allowed,
                ..OutgoingSettings::default()
            }),
        }
    }

    async fn call(&self) -> std::result::Result<StatusCode, String> {
        let request = Request::get(self.url.as_str())
            .body(Vec::new())
            .map_err(|_| "the address cannot be called".to_owned())?;
        let answer = self.way.send(request, Limits::default()).await;
        answer
            .map(|answer| answer.status())
            .map_err(|error| error.to_string())
    }
}

/// Calls the watcher if all work goes on. Nothing is held while it answers.
pub async fn turn(app: &App, watcher: &Watcher) -> Result<Turn> {
    let still = standing_still(&all(app).await?, app.now());
    if !still.is_empty() {
        tracing::error!(
            ?still,
            "background work stands still: the watcher is not called"
        );
        return Ok(Turn::Withheld);
    }
    match watcher.call().await {
        Ok(status) if status.is_success() => Ok(Turn::Called),
        Ok(status) => {
            tracing::warn!(%status, "the watcher refused the call");
            Ok(Turn::Unheard)
        }
        Err(error) => {
            tracing::warn!(error, "the watcher was not reached");
            Ok(Turn::Unheard)
        }
    }
}

/// Takes its turn every interval until `shutdown` turns true.
pub(crate) async fn run(app: &App, watcher: &Watcher, mut shutdown: watch::Receiver<bool>) {
    let every = INTERVAL.to_std().unwrap_or_default();
    loop {
        if let Err(error) = turn(app, watcher).await {
            tracing::warn!(%error, "whether background work goes on cannot be told");
        }
        tokio::select! {
            biased;
            _ = shutdown.wait_for(|stop| *stop) => return,
            () = time::sleep(every) => {}
        }
    }
}
