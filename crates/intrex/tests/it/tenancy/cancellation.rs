//! Clients go away at any moment. Thousands of transactions of two tenants are cut off at random points on a pool of two
//! connections: no session stays inside a transaction, and no row crosses from one tenant to the other.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use intrex_core::{
    App,
    audit::{
        Event,
        reads::{self, AuditFilter},
    },
    paging::PageRequest,
};

use crate::support::{Tenant, TestApp};

/// Transactions that are begun.
const CLIENTS: usize = 3_000;
/// Of which so many at a time: more than there are connections.
const AT_A_TIME: usize = 12;
/// A transaction is polled about ten times until it is done.
const POLLS: usize = 14;
/// How long the server may take to notice what was cut off.
const SETTLES_WITHIN: Duration = Duration::from_secs(20);

/// Goes away after so many polls, wherever the work stands then.
struct CutOff<F> {
    work: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for CutOff<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        let polled = self.work.as_mut().poll(context).map(Some);
        if polled.is_pending() && self.polls == 0 {
            // Nobody will wake it: it goes away now.
            return Poll::Ready(None);
        }
        polled
    }
}

/// One request: reads the log, which no query narrows to a tenant but the policies alone, or writes an event.
async fn client(app: &App, tenant: &Tenant, writes: bool) {
    if writes {
        let tx = app.db.write(&tenant.operator).await.expect("begins");
        tx.commit(Event::new("test", "thing.done"))
            .await
            .expect("commits");
        return;
    }
    let mut tx = app.db.read(&tenant.operator).await.expect("begins");
    let page = reads::list(&mut tx, &AuditFilter::default(), &PageRequest::first(5))
        .await
        .expect("is read");
    assert!(!page.items.is_empty());
    for event in page.items {
        assert_eq!(event.chain_key, tenant.id.uuid(), "a row crossed");
    }
    // As an answer does that was read.
    drop(tx);
}

/// Sends clients one after the other, each in a task of its own, as a request has; answers how many came to their end.
async fn send_clients(app: App, tenants: [Tenant; 2], next: Arc<AtomicUsize>) -> usize {
    let mut done = 0;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= CLIENTS {
            return done;
        }
        let [chance]: [u8; 1] = app.chance.bytes();
        let (app, tenant) = (app.clone(), tenants[number % 2].clone());
        let cut_off = CutOff {
            work: Box::pin(async move { client(&app, &tenant, number.is_multiple_of(3)).await }),
            polls: 1 + usize::from(chance) % POLLS,
        };
        let ended = tokio::spawn(cut_off)
            .await
            .expect("it saw its own rows only");
        done += usize::from(ended.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_go_away_leave_no_transaction_and_see_no_foreign_row() {
    let app = TestApp::start_with(2).await;
    let tenants = [app.tenant("Acme").await, app.tenant("Globex").await];
    let next = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..AT_A_TIME)
        .map(|_| tokio::spawn(send_clients(app.app.clone(), tenants.clone(), next.clone())))
        .collect();
    let mut done = 0;
    for sender in senders {
        done += sender.await.expect("no client saw a foreign row");
    }

    assert!(done > CLIENTS / 20, "some come to their end: {done}");
    assert!(done < CLIENTS * 19 / 20, "many are cut off: {done}");
    settles(&app).await;
    // The pool still serves both.
    for tenant in &tenants {
        client(&app.app, tenant, true).await;
        client(&app.app, tenant, false).await;
    }
    app.finish().await;
}

/// Waits until no session of the product is inside a transaction.
pub(crate) async fn settles(app: &TestApp) {
    let mut superuser = app.superuser().await;
    let settled = tokio::time::timeout(SETTLES_WITHIN, async {
        loop {
            let inside: Vec<(String, String)> = sqlx::query_as(
                "select usename::text, query from pg_stat_activity
                 where datname = current_database() and usename ~ '^intrex_' and (state <> 'idle' or xact_start is not null)",
            )
            .fetch_all(&mut superuser)
            .await
            .expect("sessions are listed");
            if inside.is_empty() {
                break;
            }
            tokio::task::yield_now().await;
        }
    });
    settled
        .await
        .expect("no session stays inside a transaction");
}
