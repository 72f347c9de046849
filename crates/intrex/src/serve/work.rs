//! Background work of a running installation: tasks that go on until they are told to stop. One that ends by itself is a
//! fault, and is begun again.

use std::{future::Future, time::Duration};

use intrex_core::{App, audit::sequencer};
use tokio::{sync::watch, task::JoinSet};

/// The wait before work that ended by itself is begun again.
const PAUSE: Duration = Duration::from_secs(1);

/// The tasks.
#[derive(Debug)]
pub(super) struct Work(JoinSet<()>);

/// Begins all background work.
pub(super) fn begin(app: &App, stop: watch::Receiver<bool>) -> Work {
    let mut tasks = JoinSet::new();
    let sequencing = app.clone();
    tasks.spawn(again_and_again("audit.sequencer", stop, move |stop| {
        let app = sequencing.clone();
        async move { sequencer::run(&app, stop).await }
    }));
    Work(tasks)
}

async fn again_and_again<F>(
    name: &'static str,
    mut stop: watch::Receiver<bool>,
    work: impl Fn(watch::Receiver<bool>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    while !*stop.borrow() {
        // A task of its own, so that a panic is seen here and ends nothing else.
        match tokio::spawn(work(stop.clone())).await {
            Ok(()) if *stop.borrow() => break,
            Ok(()) => tracing::error!(name, "background work ended by itself"),
            Err(error) => tracing::error!(name, %error, "background work failed"),
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

impl Work {
    /// Waits until all of it has ended, and ends by force what takes too long.
    pub(super) async fn end_within(mut self, limit: Duration) {
        let ended =
            tokio::time::timeout(limit, async { while self.0.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!(
                "background work did not end in time; what it did is begun again by the next start"
            );
            self.0.shutdown().await;
        }
    }
}
