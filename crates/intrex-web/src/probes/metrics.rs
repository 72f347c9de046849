//! Figures for a monitoring system, in the text format of Prometheus (OpenMetrics): the requests of this process, and how the
//! background work of the whole installation stands. Whoever reads them has the operator's token; they hold no tenant, no person
//! and no address.

use std::{fmt, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, Method, StatusCode, header::AUTHORIZATION, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use intrex_core::{
    Error, deliveries,
    health::{self, Standing, Work},
    vault,
};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{WebState, answer::Fault};

/// The text format that is written. <https://prometheus.io/docs/specs/om/open_metrics_spec/>
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The longest that the database is asked.
const MAX_WAIT: Duration = Duration::from_secs(3);
/// Upper bounds of the times of requests, in seconds.
const TIMES_S: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

type Words<const N: usize> = [(&'static str, &'static str); N];
type Answered = [(&'static str, String); 3];

/// What is counted, and who may see it.
pub(crate) struct Metrics {
    token: SecretString,
    registry: Registry,
    requests: Family<Answered, Counter>,
    times: Family<Words<2>, Histogram, fn() -> Histogram>,
    work: Gauges,
}

/// What is read from the database when somebody asks.
struct Gauges {
    reached: Gauge,
    working: Family<Words<1>, Gauge>,
    succeeded: Family<Words<1>, Gauge>,
    waiting: Family<Words<1>, Gauge>,
    lag: Family<Words<1>, Gauge>,
    dead: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Figures for whoever has this token.
    pub(crate) fn new(token: SecretString) -> Self {
        let mut registry = Registry::with_prefix("intrex");
        let requests = Family::default();
        registry.register(
            "http_requests",
            "Requests answered by this process",
            requests.clone(),
        );
        let times = Family::new_with_constructor((|| Histogram::new(TIMES_S)) as fn() -> Histogram);
        registry.register(
            "http_request_duration_seconds",
            "From the first byte of a request to its answer",
            times.clone(),
        );
        Metrics {
            token,
            work: Gauges::new(&mut registry),
            registry,
            requests,
            times,
        }
    }

    /// Notes an answer. The route is the path as declared; methods that no route has are one.
    pub(crate) fn answered(
        &self,
        method: &Method,
        route: &'static str,
        status: StatusCode,
        took: Duration,
    ) {
        let method = match *method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PATCH => "PATCH",
            Method::PUT => "PUT",
            Method::DELETE => "DELETE",
            _ => "other",
        };
        self.requests
            .get_or_create(&[
                ("method", method.to_owned()),
                ("route", route.to_owned()),
                ("status", status.as_str().to_owned()),
            ])
            .inc();
        self.times
            .get_or_create(&[("method", method), ("route", route)])
            .observe(took.as_secs_f64());
    }
}

impl Gauges {
    fn new(registry: &mut Registry) -> Self {
        let gauges = Gauges {
            reached: Gauge::default(),
            working: Family::default(),
            succeeded: Family::default(),
            waiting: Family::default(),
            lag: Family::default(),
            dead: Gauge::default(),
        };
        registry.register(
            "database_reached",
            "1 if the database answered just now; what is told of work is old otherwise",
            gauges.reached.clone(),
        );
        registry.register(
            "work_going_on",
            "1 if this kind of background work has succeeded lately",
            gauges.working.clone(),
        );
        registry.register(
            "work_last_success_timestamp_seconds",
            "When this kind of background work last succeeded",
            gauges.succeeded.clone(),
        );
        registry.register(
            "work_waiting",
            "What is due and has not been done, counted up to 10000",
            gauges.waiting.clone(),
        );
        registry.register(
            "work_lag_seconds",
            "How long the first of it has been due",
            gauges.lag.clone(),
        );
        registry.register(
            "deliveries_dead",
            "Messages that were given up and not sent again, counted up to 10000",
            gauges.dead.clone(),
        );
        gauges
    }

    fn set(&self, work: &[Work], now: DateTime<Utc>) {
        for work in work {
            let labels = [("worker", work.worker)];
            let going_on = work.standing == Standing::Working;
            self.working.get_or_create(&labels).set(going_on.into());
            let succeeded = work.heartbeat.as_ref().and_then(|beat| beat.succeeded_at);
            let succeeded = succeeded.map_or(0, |at| at.timestamp());
            self.succeeded.get_or_create(&labels).set(succeeded);
            self.waiting.get_or_create(&labels).set(work.waiting);
            let lag = work
                .due_since
                .map_or(0, |since| (now - since).num_seconds());
            self.lag.get_or_create(&labels).set(lag.max(0));
        }
    }
}

/// `GET /metrics`
pub(super) async fn show(
    State(web): State<WebState>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let metrics = web.metrics().ok_or(Fault::NOT_FOUND)?;
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let right = metrics.token.expose_secret().as_bytes();
    if !given.is_some_and(|given| vault::same(given, right)) {
        return Err(Fault::Unauthenticated(None));
    }
    let read = async {
        let work = health::installation(&web.app).await?;
        let dead = deliveries::reads::dead_of_installation(&web.app).await?;
        Ok::<_, Error>((work, dead))
    };
    let reached = match tokio::time::timeout(MAX_WAIT, read).await {
        Ok(Ok((work, dead))) => {
            metrics.work.set(&work, web.app.now());
            metrics.work.dead.set(dead);
            true
        }
        _ => false,
    };
    metrics.work.reached.set(reached.into());
    let mut text = String::new();
    encode(&mut text, &metrics.registry)
        .map_err(|_| Fault::internal("figures could not be written"))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
