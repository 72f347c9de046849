//! What browsers report about the content security policy. Anybody can send anything here, so that it is bounded in every
//! direction: size, number, rate, what is kept of it, and how much is kept.

use axum::{
    extract::{Request, State},
    http::StatusCode,
};
use intrex_core::csp_reports::{self, Violation};
use serde::Deserialize;

use crate::{
    WebState,
    answer::Fault,
    request::{
        Exchange, fields,
        form::{is_type, read_body},
    },
};

/// The largest report, in bytes.
pub(super) const MAX_REPORT_BYTES: usize = 16 * 1024;
/// Violations of one report that are looked at.
const MAX_VIOLATIONS: usize = 20;

/// `report-uri`: one violation.
#[derive(Deserialize)]
struct Single {
    #[serde(rename = "csp-report")]
    report: SingleBody,
}

#[derive(Deserialize)]
struct SingleBody {
    #[serde(rename = "document-uri", default)]
    document: String,
    #[serde(rename = "blocked-uri", default)]
    blocked: String,
    #[serde(rename = "effective-directive", default)]
    effective: String,
    #[serde(rename = "violated-directive", default)]
    violated: String,
}

/// `report-to`: reports of several kinds.
#[derive(Deserialize)]
struct Reported {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    body: serde_json::Value,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ReportedBody {
    #[serde(rename = "documentURL")]
    document_url: String,
    #[serde(rename = "blockedURL")]
    blocked_url: String,
    effective_directive: String,
}

/// `POST /csp-report`
pub(super) async fn receive(
    State(web): State<WebState>,
    exchange: Exchange,
    request: Request,
) -> Result<StatusCode, Fault> {
    if !web.reports().take(exchange.client(), web.app.now()) {
        tracing::debug!("a report was dropped: too many from this network");
        return Err(Fault::TooMany(60));
    }
    let single = is_type(request.headers(), "application/csp-report");
    let several = is_type(request.headers(), "application/reports+json");
    if !single && !several {
        return Err(Fault::WrongType);
    }
    let bytes = read_body(request.into_body()).await?;
    let violations = if single {
        read_single(&bytes)
    } else {
        read_several(&bytes)
    };
    let violations =
        violations.ok_or_else(|| Fault::Malformed(fields::malformed("it is no report")))?;
    csp_reports::record(&web.app, &violations).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn read_single(bytes: &[u8]) -> Option<Vec<Violation>> {
    let Single { report } = serde_json::from_slice(bytes).ok()?;
    let directive = Some(report.effective)
        .filter(|directive| !directive.is_empty())
        .unwrap_or(report.violated);
    Some(vec![Violation::new(
        &directive,
        &report.blocked,
        &report.document,
    )])
}

fn read_several(bytes: &[u8]) -> Option<Vec<Violation>> {
    let reports: Vec<Reported> = serde_json::from_slice(bytes).ok()?;
    let violations = reports
        .into_iter()
        .filter(|report| report.kind == "csp-violation")
        .take(MAX_VIOLATIONS)
        .filter_map(|report| serde_json::from_value::<ReportedBody>(report.body).ok())
        .map(|body| {
            Violation::new(
                &body.effective_directive,
                &body.blocked_url,
                &body.document_url,
            )
        });
    Some(violations.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_of_browsers_are_read() {
        let single =
            br#"{"csp-report":{"document-uri":"https://x.example/today?q=1","blocked-uri":"inline",
            "effective-directive":"script-src-elem","original-policy":"x"}}"#;
        let several = br#"[{"type":"csp-violation","age":1,"url":"https://x.example/today","body":{"documentURL":
            "https://x.example/today?q=1","blockedURL":"inline","effectiveDirective":"script-src-elem"}},
            {"type":"deprecation","body":{}}]"#;
        let expected = [Violation::new(
            "script-src-elem",
            "inline",
            "https://x.example/today",
        )];
        assert_eq!(read_single(single).as_deref(), Some(&expected[..]));
        assert_eq!(read_several(several).as_deref(), Some(&expected[..]));
        assert_eq!(read_single(b"[]"), None);
        assert_eq!(read_several(b"{}"), None);
    }
}
