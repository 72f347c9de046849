//! Spreadsheets: what a file changes, what it must not change, and what a stranger's file may not do to the product.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use intrex_core::{
    Error, Result,
    audit::reads::AuditFilter,
    catalogue::Language,
    imports::{Kind, Mode, Options, Progress, Report, import, reads},
    obligations::filter::Filter,
    paging::PageRequest,
    permission::Role,
};
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncRead, ReadBuf};

use super::support::{Tenant, TestApp};

const HEADING: &str =
    "external_id,branch_code,title,category,severity,due_on,recurrence,owner_email,notes";
const BRANCHES: &str =
    "code,name,country,time_zone\nGUL,Gulshan,BD,Asia/Dhaka\nBAN,Banani,BD,Asia/Dhaka\n";
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/examples");

fn options(mode: Mode) -> Options {
    Options {
        mode,
        file_name: "due.csv".to_owned(),
        language: Language::ENGLISH,
    }
}

impl TestApp {
    async fn import(&self, tenant: &Tenant, kind: Kind, mode: Mode, file: &[u8]) -> Result<Report> {
        let options = options(mode);
        import(&self.app, &tenant.operator, kind, file, &options, &|_| {}).await
    }

    async fn apply(&self, tenant: &Tenant, kind: Kind, file: &str) -> Report {
        self.import(tenant, kind, Mode::Apply, file.as_bytes())
            .await
            .expect("the file is imported")
    }

    async fn tenant_with_branches(&self, name: &str) -> Tenant {
        let tenant = self.tenant(name).await;
        let report = self.apply(&tenant, Kind::Branches, BRANCHES).await;
        assert_eq!((report.created, report.error_count), (2, 0));
        tenant
    }

    /// The sentence with which a file is refused as a whole.
    async fn refusal(&self, tenant: &Tenant, file: impl AsyncRead + Unpin + Send) -> String {
        let options = options(Mode::Apply);
        let refused = import(
            &self.app,
            &tenant.operator,
            Kind::Obligations,
            file,
            &options,
            &|_| {},
        )
        .await
        .expect_err("the file is refused");
        match refused {
            Error::Invalid(faults) if faults.len() == 1 && faults[0].field == "file" => {
                faults[0].text.to(Language::ENGLISH)
            }
            other => panic!("{other}"),
        }
    }
}

const OBLIGATIONS: &str = "select count(*) from app.obligation_instances";

fn counts(report: &Report) -> [u32; 5] {
    [
        report.rows,
        report.created,
        report.updated,
        report.unchanged,
        report.rejected,
    ]
}

fn errors(report: &Report) -> Vec<(u32, Option<&str>)> {
    report
        .errors
        .iter()
        .map(|error| (error.row, error.field.as_deref()))
        .collect()
}

fn row(external_id: &str, rest: &str) -> String {
    format!("{external_id},GUL,{rest}\n")
}

#[tokio::test]
async fn the_example_spreadsheets_come_in_whole_and_a_second_time_change_nothing() {
    let app = TestApp::start().await;
    for (name, branches, obligations) in [
        ("dhaka-pharmacy-chain", 12, 150),
        ("texas-clinic-group", 8, 121),
    ] {
        let tenant = app.tenant(name).await;
        for (kind, rows) in [(Kind::Branches, branches), (Kind::Obligations, obligations)] {
            let path = format!("{EXAMPLES}/{name}.{}.csv", kind.as_str());
            let file = std::fs::read_to_string(path).expect("is part of the checkout");
            let first = app.apply(&tenant, kind, &file).await;
            assert_eq!(first.errors, []);
            assert_eq!(counts(&first), [rows, rows, 0, 0, 0]);
            let second = app.apply(&tenant, kind, &file).await;
            assert_eq!(second.errors, []);
            assert_eq!(counts(&second), [rows, 0, 0, rows, 0]);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_row_makes_an_obligation_and_a_changed_row_changes_it() {
    let app = TestApp::start().await;
    let acme = app.tenant_with_branches("Acme").await;
    let alice = app.invite(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let address = alice.person.email.to_uppercase();

    let file = format!(
        "{HEADING}\n{}{}",
        row(
            "A-1",
            &format!("VAT return,tax_vat,high,2027-01-15,FREQ=MONTHLY,{address},\"a\nb\"")
        ),
        row("A-2", "Fire licence,fire_safety,,2027-02-28,,,"),
    );
    assert_eq!(
        counts(&app.apply(&acme, Kind::Obligations, &file).await),
        [2, 2, 0, 0, 0]
    );
    let mut tx = app.app.db.read(&acme.operator).await.expect("reads");
    let page = PageRequest::default();
    let listed = intrex_core::obligations::reads::list(&mut tx, &Filter::default(), &page)
        .await
        .expect("is listed");
    tx.finish().await.expect("ends");
    let vat = &listed.items[0];
    assert_eq!(vat.owner_id, Some(alice.person.id));
    assert_eq!(
        (vat.source.as_str(), vat.notes.as_str()),
        ("import", "a\nb")
    );

    let moved = file
        .replace("2027-01-15", "2027-01-20")
        .replace("Fire licence", "Fire certificate");
    let report = app.apply(&acme, Kind::Obligations, &moved).await;
    assert_eq!(counts(&report), [2, 0, 2, 0, 0]);
    let mut tx = app.app.db.read(&acme.operator).await.expect("reads");
    let told = intrex_core::audit::reads::timeline(&mut tx, vat.id)
        .await
        .expect("is told");
    let mut actions: Vec<_> = told.iter().map(|event| event.action.as_str()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["obligation.created", "obligation.rescheduled"]);
    let record = reads::get(&mut tx, report.id.expect("is recorded"))
        .await
        .expect("is there");
    assert_eq!(
        (record.rows, record.updated, record.file_name.as_str()),
        (2, 2, "due.csv")
    );
    let imports = reads::list(&mut tx, &PageRequest::first(2))
        .await
        .expect("is listed");
    assert_eq!(imports.items.len(), 2);
    assert!(imports.next_cursor.is_some());
    tx.finish().await.expect("ends");
    app.finish().await;
}

#[tokio::test]
async fn head_office_imports_and_nobody_else_does() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await.id;
    let file = format!(
        "{HEADING}\n{}",
        row("A-1", "VAT return,tax_vat,high,2027-01-15,,,")
    );
    for (name, role, at) in [
        ("Alice", Role::HeadOfficeAdmin, &[][..]),
        ("Bob", Role::BranchManager, &[gulshan]),
        ("Carol", Role::Operator, &[gulshan]),
    ] {
        let member = app.member(&acme, name, role, at).await;
        let actor = app.acting(&member).await;
        for mode in [Mode::DryRun, Mode::Apply] {
            let options = options(mode);
            let imported = import(
                &app.app,
                &actor,
                Kind::Obligations,
                file.as_bytes(),
                &options,
                &|_| {},
            )
            .await;
            match role {
                Role::HeadOfficeAdmin => assert_eq!(imported.expect("may").created, 1),
                _ => assert!(matches!(imported, Err(Error::Forbidden)), "{imported:?}"),
            }
        }
        let mut tx = app.app.db.read(&actor).await.expect("reads");
        let listed = reads::list(&mut tx, &PageRequest::default()).await;
        match role {
            Role::HeadOfficeAdmin => {
                assert_eq!(listed.expect("may").items[0].actor_id, Some(member.id));
            }
            _ => assert!(matches!(listed, Err(Error::Forbidden))),
        }
        tx.finish().await.expect("ends");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_dry_run_shows_what_would_change_and_changes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant_with_branches("Acme").await;
    let file = format!(
        "{HEADING}\n{}",
        row("A-1", "VAT return,tax_vat,high,2027-01-15,,,")
    );
    app.apply(&acme, Kind::Obligations, &file).await;
    let events = "select count(*) from app.audit_events";
    let before = app.count(events).await;
    let changed = format!(
        "{}{}{}",
        file.replace("2027-01-15", "2027-01-20"),
        row("A-2", "Fire licence,fire_safety,,2027-02-28,,,"),
        row("A-3", "Fire licence,fire_safety,,someday,,,"),
    );
    let report = app
        .import(&acme, Kind::Obligations, Mode::DryRun, changed.as_bytes())
        .await
        .expect("is read");
    assert_eq!((report.dry_run, report.id), (true, None));
    assert_eq!(counts(&report), [3, 1, 1, 0, 1]);
    assert_eq!(errors(&report), [(3, Some("due_on"))]);
    assert_eq!(report.changes.len(), 2);
    assert_eq!(report.changes[0].action, "updated");
    assert_eq!(report.changes[0].fields.len(), 1);
    assert_eq!(
        report.changes[0].fields["due_on"],
        serde_json::json!(["2027-01-15", "2027-01-20"])
    );
    assert_eq!(
        (
            report.changes[1].row,
            report.changes[1].external_id.as_str()
        ),
        (2, "A-2")
    );
    assert_eq!(
        report.changes[1].fields["title"],
        serde_json::json!([null, "Fire licence"])
    );
    assert_eq!(app.count(OBLIGATIONS).await, 1);
    assert_eq!(app.count(events).await, before);
    assert_eq!(app.count("select count(*) from app.imports").await, 2);
    app.finish().await;
}

#[tokio::test]
async fn bad_rows_are_named_and_good_ones_applied() {
    let app = TestApp::start().await;
    let acme = app.tenant_with_branches("Acme").await;
    let globex = app.tenant("Globex").await;
    let mallory = app
        .invite(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let good = "VAT return,tax_vat,high,2027-01-15,,,";
    let done = format!("{HEADING}\n{}", row("DONE", good));
    app.apply(&acme, Kind::Obligations, &done).await;
    sqlx::query("update app.obligation_instances set state = 'completed', completed_at = created_at, completed_on = '2026-11-22'")
        .execute(&mut app.superuser().await)
        .await
        .expect("is completed");
    let file = [
        format!("{HEADING}\n"),
        row("A-1", good),
        "A-2,XXX,VAT return,tax_vat,high,2027-01-15,,,\n".to_owned(),
        row(
            "A-3",
            &format!(
                "VAT return,tax_vat,high,2027-01-15,,{},",
                mallory.person.email
            ),
        ),
        row("A-1", good),
        row("A-4", "=HYPERLINK(1),tax_vat,high,2027-01-15,,,"),
        row("A-5", "VAT\0return,tax_vat,high,9999-12-31,FREQ=SECONDLY,,"),
        row("A-6", "VAT return,tax_vat"),
        "\n".to_owned(),
        row("", good),
        row("DONE", good),
        row("DONE2", good),
        "DONE,BAN,VAT return,tax_vat,high,2027-01-15,,,\n".to_owned(),
    ]
    .concat();
    let report = app.apply(&acme, Kind::Obligations, &file).await;
    assert_eq!(
        errors(&report),
        [
            (2, Some("branch_code")),
            (3, Some("owner_email")),
            (4, Some("external_id")),
            (5, Some("title")),
            (6, Some("title")),
            (6, Some("due_on")),
            (6, Some("recurrence")),
            (7, None),
            (9, Some("external_id")),
            (12, Some("external_id")),
        ]
    );
    assert_eq!(counts(&report), [11, 2, 0, 1, 8]);
    let changed = done.replace("VAT return", "VAT refund");
    let report = app.apply(&acme, Kind::Obligations, &changed).await;
    assert_eq!(errors(&report), [(1, Some("external_id"))]);
    assert!(
        report.errors[0].message.contains("completed"),
        "{:?}",
        report.errors
    );
    app.finish().await;
}

#[tokio::test]
async fn fifty_thousand_rows_name_exactly_the_bad_ones() {
    const ROWS: usize = 50_000;
    let app = TestApp::start().await;
    let acme = app.tenant_with_branches("Acme").await;
    let bad = |number: usize| number % 1_352 == 7;
    let expected: Vec<u32> = (1..=ROWS)
        .filter(|n| bad(*n))
        .map(|n| u32::try_from(n).expect("few"))
        .collect();
    assert_eq!(expected.len(), 37);
    // The file is never in memory: it is made while it is read.
    let file = Lines::new((0..=ROWS).map(move |number| match number {
        0 => format!("{HEADING}\n"),
        number if bad(number) => row(&format!("A-{number}"), "VAT return,tax_vat,high,2027-02-30,,,"),
        number => row(&format!("A-{number}"), "VAT return,tax_vat,high,2027-02-28,FREQ=MONTHLY,,\"National Board of Revenue, a note\""),
    }));
    let heard = Mutex::new(Vec::new());
    let progress = |progress| heard.lock().expect("one thread").push(progress);
    let options = options(Mode::Apply);
    let report = import(
        &app.app,
        &acme.operator,
        Kind::Obligations,
        file,
        &options,
        &progress,
    )
    .await
    .expect("is imported");
    let named: Vec<u32> = report.errors.iter().map(|error| error.row).collect();
    assert_eq!(named, expected);
    assert!(
        report
            .errors
            .iter()
            .all(|error| error.field.as_deref() == Some("due_on"))
    );
    assert_eq!(counts(&report), [50_000, 49_963, 0, 0, 37]);
    assert_eq!(app.count(OBLIGATIONS).await, 49_963);
    let heard = heard.into_inner().expect("one thread");
    assert!(heard.len() > 50);
    assert_eq!(
        heard.last(),
        Some(&Progress::Applying {
            rows: 50_000,
            of: 50_000
        })
    );
    app.finish().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_as_a_whole_changes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant_with_branches("Acme").await;
    let good = format!(
        "{HEADING}\n{}",
        row("A-1", "VAT return,tax_vat,high,2027-01-15,,,")
    );
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(good.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let latin1 = [
        good.as_bytes(),
        b"A-2,GUL,Caf\xE9,tax_vat,high,2027-01-15,,,\n",
    ]
    .concat();
    let unclosed = format!("{good}A-2,GUL,\"VAT return,tax_vat,high,2027-01-15,,,\n");
    for (file, says) in [
        (&b""[..], "empty"),
        (&utf16, "UTF-16"),
        (&latin1, "Row 2 is not UTF-8"),
        (b"PK\x03\x04", "workbook"),
        (b"external_id,title\n", "branch_code, category, due_on"),
        (good.replace("notes", "remarks").as_bytes(), "remarks"),
        (unclosed.as_bytes(), "row 2"),
    ] {
        let sentence = app.refusal(&acme, file).await;
        assert!(sentence.contains(says), "{sentence}");
    }
    let sentence = app.refusal(&acme, BreaksOff(good.as_bytes())).await;
    assert!(sentence.contains("read to its end"), "{sentence}");
    assert_eq!(app.count(OBLIGATIONS).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn a_gigabyte_in_one_cell_is_refused_after_its_first_kilobytes() {
    let app = TestApp::start().await;
    let acme = app.tenant_with_branches("Acme").await;
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = pulled.clone();
    let file = Lines::new((0_u64..).map(move |number| {
        let line = if number == 0 {
            format!("{HEADING}\nA-1,GUL,\"")
        } else {
            "x".repeat(4_096)
        };
        counter.fetch_add(line.len(), Ordering::Relaxed);
        line
    }));
    let sentence = app.refusal(&acme, file).await;
    assert!(sentence.contains("32 KiB"), "{sentence}");
    assert!(pulled.load(Ordering::Relaxed) < 256 * 1024);
    app.finish().await;
}

#[tokio::test]
async fn two_imports_of_the_same_file_at_once_make_each_row_once() {
    let app = TestApp::start().await;
    let acme = app.tenant_with_branches("Acme").await;
    let rows: String = (0..1_500)
        .map(|n| row(&format!("A-{n}"), "VAT return,tax_vat,high,2027-01-15,,,"))
        .collect();
    let file = format!("{HEADING}\n{rows}");
    let (one, other) = tokio::join!(
        app.apply(&acme, Kind::Obligations, &file),
        app.apply(&acme, Kind::Obligations, &file)
    );
    assert_eq!((one.error_count, other.error_count), (0, 0));
    assert_eq!(one.created + other.created, 1_500);
    assert_eq!(one.unchanged + other.unchanged, 1_500);
    assert_eq!(app.count(OBLIGATIONS).await, 1_500);
    app.finish().await;
}

#[tokio::test]
async fn what_somebody_changes_at_the_same_moment_is_not_overwritten() {
    let app = TestApp::start().await;
    let acme = app.tenant_with_branches("Acme").await;
    let file = format!(
        "{HEADING}\n{}{}",
        row("A-1", "VAT return,tax_vat,high,2027-01-15,,,"),
        row("A-2", "VAT return,tax_vat,high,2027-01-15,,,")
    );
    app.apply(&acme, Kind::Obligations, &file).await;
    let mut somebody = app.superuser().await;
    let mut change = somebody.begin().await.expect("begins");
    sqlx::query("update app.obligation_instances set title = 'Theirs', version = version + 1 where external_id = 'A-1'")
        .execute(&mut *change)
        .await
        .expect("is changed");
    let ours = file.replace("VAT return", "Ours");
    let commits_when_waited_for = async {
        while app.count("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'").await == 0 {}
        change.commit().await.expect("is committed");
    };
    let (report, ()) = tokio::join!(
        app.apply(&acme, Kind::Obligations, &ours),
        commits_when_waited_for
    );
    assert_eq!(errors(&report), [(1, None)]);
    assert_eq!(counts(&report), [2, 0, 1, 0, 1]);
    let theirs = "select count(*) from app.obligation_instances where title = 'Theirs'";
    assert_eq!(app.count(theirs).await, 1);
    let told = "select count(*) from app.audit_events where action = 'obligation.updated'";
    assert_eq!(app.count(told).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn an_import_whose_database_goes_away_leaves_nothing_and_the_next_one_works() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let branches = |count: usize| -> String {
        let rows = (0..count).map(|n| format!("B-{n},Branch {n},BD,Asia/Dhaka\n"));
        std::iter::once("code,name,country,time_zone\n".to_owned())
            .chain(rows)
            .collect()
    };
    let superuser = app.database().superuser_options();
    let cut_off = |progress| {
        if (Progress::Applying {
            rows: 2_000,
            of: 2_500,
        }) == progress
        {
            end_sessions(superuser.clone());
        }
    };
    let file = branches(2_500);
    let options = options(Mode::Apply);
    let failed = import(
        &app.app,
        &acme.operator,
        Kind::Branches,
        file.as_bytes(),
        &options,
        &cut_off,
    )
    .await;
    assert!(
        matches!(
            failed,
            Err(Error::Internal {
                unavailable: true,
                ..
            })
        ),
        "{failed:?}"
    );
    assert_eq!(app.count("select count(*) from app.branches").await, 0);

    // The data key that the lost transaction had made must not be remembered: nothing sealed with it could be read.
    let report = app.apply(&acme, Kind::Branches, &branches(1)).await;
    assert_eq!(report.created, 1);
    app.sequence().await;
    let mut tx = app.app.db.read(&acme.operator).await.expect("reads");
    let told =
        intrex_core::audit::reads::list(&mut tx, &AuditFilter::default(), &PageRequest::default())
            .await
            .expect("is told");
    tx.finish().await.expect("ends");
    assert!(
        told.items
            .iter()
            .any(|event| event.summary.as_deref() == Some("B-0 Branch 0")),
        "{told:?}"
    );
    app.finish().await;
}

/// Ends every session of the product, from a thread of its own: who reports progress cannot wait.
fn end_sessions(superuser: sqlx::postgres::PgConnectOptions) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut superuser = PgConnection::connect_with(&superuser).await.expect("connects");
            sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'intrex_app'")
                .execute(&mut superuser)
                .await
                .expect("ends them");
        });
    })
    .join()
    .expect("they are ended");
}

/// A file that is made line by line while it is read.
struct Lines<I> {
    lines: I,
    line: Vec<u8>,
    at: usize,
}

impl<I: Iterator<Item = String>> Lines<I> {
    fn new(lines: I) -> Self {
        Lines {
            lines,
            line: Vec::new(),
            at: 0,
        }
    }
}

impl<I: Iterator<Item = String> + Unpin> AsyncRead for Lines<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.at == self.line.len() {
            self.line = self.lines.next().unwrap_or_default().into_bytes();
            self.at = 0;
        }
        let end = self.line.len().min(self.at + buffer.remaining());
        buffer.put_slice(&self.line[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

/// A file whose sender goes away behind its last byte.
struct BreaksOff<'a>(&'a [u8]);

impl AsyncRead for BreaksOff<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Ready(Err(std::io::ErrorKind::ConnectionReset.into()));
        }
        buffer.put_slice(self.0);
        self.0 = &[];
        Poll::Ready(Ok(()))
    }
}
