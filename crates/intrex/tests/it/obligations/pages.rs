//! Obligations as people meet them: a list, an item, and forms that keep what was typed.

use intrex_core::{
    obligations::{
        commands,
        input::{RawCompletion, RawObligation, RawReschedule},
        model::Obligation,
    },
    permission::Role,
};

use crate::support::{Member, Tenant, TestApp, browser::Browser};

/// The address of an item's action for the version that somebody has seen.
fn act(item: &Obligation, act: &str, seen: i32) -> String {
    format!("/obligations/{}/{act}?seen={seen}", item.id)
}

async fn head_office(app: &TestApp) -> (Tenant, Member) {
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    (acme, alice)
}

async fn send(
    browser: &Browser,
    page: &str,
    action: &str,
    fields: &[(&str, &str)],
) -> (u16, String) {
    let answer = browser.submit(page, action, fields).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_refused_form_is_drawn_again_with_what_was_typed() {
    let app = TestApp::start().await;
    let (acme, alice) = head_office(&app).await;
    let gulshan = app.branch(&acme, "GUL").await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let typed = [
        ("branch_id", &*gulshan.id.to_string()),
        ("title", ""),
        ("category", "custom"),
        ("category_custom", "Boilers & lifts"),
        ("severity", "high"),
        ("due_on", "9999-12-31"),
        ("recurrence", "custom"),
        ("recurrence_custom", "FREQ=SECONDLY"),
        ("anchor", "completion"),
        ("lead_days", "400"),
        ("grace_days", "two"),
        ("owner_id", ""),
        ("notes", "Ask for <Mr. Karim>"),
    ];
    let (status, page) = send(&browser, "/obligations/new", "/obligations", &typed).await;
    assert_eq!(status, 422);
    for field in ["title", "due_on", "recurrence", "lead_days", "grace_days"] {
        assert!(
            page.contains(&format!(r#"id="{field}-error""#)),
            "{field}: {page}"
        );
        assert!(
            page.contains(&format!("href=\"#{field}\"")),
            "{field} is in the summary"
        );
    }
    for kept in [
        r#"value="9999-12-31""#,
        r#"value="FREQ=SECONDLY""#,
        r#"value="400""#,
        r#"value="two""#,
        r#"<option value="high" selected>"#,
        r#"value="completion" checked"#,
        "Boilers &#38; lifts",
        "Ask for &#60;Mr. Karim&#62;",
    ] {
        assert!(page.contains(kept), "{kept}: {page}");
    }
    assert_eq!(
        app.count("select count(*) from app.obligation_instances")
            .await,
        0
    );
    app.finish().await;
}

#[tokio::test]
async fn what_was_typed_right_becomes_an_item_with_its_page() {
    let app = TestApp::start().await;
    let (acme, alice) = head_office(&app).await;
    let gulshan = app.branch(&acme, "GUL").await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let typed = [
        ("branch_id", &*gulshan.id.to_string()),
        ("title", "Fire licence <renewal>"),
        ("category", "fire_safety"),
        ("category_custom", ""),
        ("severity", "critical"),
        ("due_on", "2026-12-31"),
        ("recurrence", "FREQ=MONTHLY"),
        ("recurrence_custom", ""),
        ("anchor", "schedule"),
        ("lead_days", "7, 3"),
        ("grace_days", "5"),
        ("owner_id", &*alice.id.to_string()),
        ("deputy_id", ""),
        ("reference", "FSCD-2231/26"),
        ("external_id", ""),
        ("notes", ""),
    ];
    let made = browser
        .submit("/obligations/new", "/obligations", &typed)
        .await;
    let page = browser.visit(made.leads_to()).await;
    assert_eq!(page.status, 200);
    for shown in [
        "Fire licence &#60;renewal&#62;",
        "FSCD-2231/26",
        "every month",
        "Thu 31 Dec 2026",
        "in 39 days",
        "5 days, until 5 Jan",
        "7, 3 days before",
        "Alice",
        "Asia/Dhaka",
        // The next eight, clamped and returning.
        "Sun 31 Jan 2027",
        "Sun 28 Feb 2027",
        "Wed 31 Mar 2027",
        "Tue 31 Aug 2027",
    ] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    assert!(!page.body.contains("<renewal>"));
    app.finish().await;
}

#[tokio::test]
async fn a_refused_action_stays_open_with_what_was_typed() {
    let app = TestApp::start().await;
    let (acme, alice) = head_office(&app).await;
    let gulshan = app.branch(&acme, "GUL").await;
    let item = app
        .obligation(&acme, &gulshan, "Fire licence", "2026-12-05")
        .await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let page = format!("/obligations/{}", item.id);
    let moved = [
        ("due_on", "2026-02-30"),
        ("reason", "The inspector & his deputy are away"),
    ];
    let (status, drawn) = send(&browser, &page, &act(&item, "reschedule", 1), &moved).await;
    assert_eq!(status, 422);
    assert_eq!(
        drawn
            .matches("<details class=\"act\" name=\"act\" open>")
            .count(),
        1
    );
    assert!(drawn.contains(r##"href="#reschedule-due_on""##), "{drawn}");
    assert!(drawn.contains(r#"id="reschedule-due_on-error""#));
    assert!(drawn.contains(r#"value="2026-02-30""#));
    assert!(drawn.contains("The inspector &#38; his deputy are away"));
    let (status, drawn) = send(&browser, &page, &act(&item, "waive", 1), &[("reason", " ")]).await;
    assert_eq!(status, 422);
    assert!(drawn.contains(r#"id="waive-reason-error""#), "{drawn}");
    let (status, _) = send(
        &browser,
        &page,
        &act(&item, "waive", 1),
        &[("reasons", "x")],
    )
    .await;
    assert_eq!(status, 422);
    let events = "select count(*) from app.audit_events where category = 'obligation'";
    assert_eq!(app.count(events).await, 1, "it was made, and nothing else");
    app.finish().await;
}

#[tokio::test]
async fn a_stale_form_is_answered_with_the_present_state_and_what_was_typed() {
    let app = TestApp::start().await;
    let (acme, alice) = head_office(&app).await;
    let gulshan = app.branch(&acme, "GUL").await;
    let item = app
        .obligation(&acme, &gulshan, "Fire licence", "2026-12-05")
        .await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let raw = RawObligation {
        title: "Fire licence of the annexe".into(),
        ..RawObligation::default()
    };
    let changed = commands::update(&app.app, &acme.operator, item.id, &raw, None).await;
    let now = changed.expect("is changed").version;
    let page = format!("/obligations/{}", item.id);
    let reason = [("reason", "Branch closes on 31 December")];
    let (status, drawn) = send(&browser, &page, &act(&item, "waive", item.version), &reason).await;
    assert_eq!(status, 412);
    for shown in [
        "Fire licence of the annexe",
        "Branch closes on 31 December",
        "Somebody changed this",
    ] {
        assert!(drawn.contains(shown), "{shown}: {drawn}");
    }
    assert!(
        drawn.contains(&format!("/waive?seen={now}")),
        "the next try knows the present version"
    );

    let edit = format!("/obligations/{}/edit", item.id);
    let action = format!("/obligations/{}?seen={}", item.id, item.version);
    let (status, drawn) = send(&browser, &edit, &action, &[("title", "My own title")]).await;
    assert_eq!(status, 412);
    assert!(drawn.contains(r#"value="My own title""#), "{drawn}");
    app.finish().await;
}

#[tokio::test]
async fn what_somebody_else_has_done_first_is_said_and_nothing_typed_is_lost() {
    let app = TestApp::start().await;
    let (acme, alice) = head_office(&app).await;
    let gulshan = app.branch(&acme, "GUL").await;
    let item = app
        .obligation(&acme, &gulshan, "Fire licence", "2026-12-05")
        .await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let page = format!("/obligations/{}", item.id);
    let note = [
        ("completed_on", "2026-11-22"),
        ("note", "Paid at the counter"),
    ];
    let done = browser
        .submit(&page, &act(&item, "complete", 1), &note)
        .await;
    assert_eq!(done.leads_to(), page);
    let shown = browser.visit(&page).await.body;
    assert!(
        shown.contains("Completed on Sun 22 Nov 2026 by Alice."),
        "{shown}"
    );
    let again = format!("/obligations/{}/complete", item.id);
    let second = [
        ("completed_on", "2026-11-22"),
        ("note", "Paid by bank transfer"),
    ];
    let (status, drawn) = send(&browser, &page, &again, &second).await;
    assert_eq!(status, 409);
    let said = "Alice has completed this in the meantime: it was done on Sun 22 Nov 2026.";
    assert!(drawn.contains(said), "{drawn}");
    assert!(drawn.contains("Paid by bank transfer"));
    app.finish().await;
}

#[tokio::test]
async fn who_is_overtaken_sees_who_was_faster_and_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let (acme, alice) = head_office(&app).await;
    let gulshan = app.branch(&acme, "GUL").await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[gulshan.id])
        .await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let colleague = app.signed_in(&site, &bob).await;
    let words = "What my <own> form said";
    let late = [
        (
            "complete",
            vec![("completed_on", "2026-11-20"), ("note", words)],
        ),
        ("waive", vec![("reason", words)]),
        (
            "reschedule",
            vec![("due_on", "2026-12-09"), ("reason", words)],
        ),
        // What is wrong in it besides does not matter any more.
        (
            "reschedule",
            vec![("due_on", "2026-02-30"), ("reason", words)],
        ),
        ("waive", vec![("reason", "")]),
        ("assign", vec![("owner_id", ""), ("deputy_id", "")]),
    ];
    let outcomes = [
        (
            "complete",
            "Bob has completed this in the meantime: it was done on Sun 22 Nov 2026.",
        ),
        ("waive", "Bob has waived this in the meantime."),
    ];
    for (theirs, said) in outcomes {
        for (mine, fields) in &late {
            let item = app
                .obligation(&acme, &gulshan, "Fire licence", "2026-12-05")
                .await;
            let page = format!("/obligations/{}", item.id);
            // Alice has the page open before Bob is done.
            let token = browser.visit(&page).await.csrf();
            let reason = [("reason", "The branch closes")];
            let fields_of_bob = if theirs == "waive" { &reason[..] } else { &[] };
            let done = colleague
                .submit(&page, &act(&item, theirs, 1), fields_of_bob)
                .await;
            assert_eq!(done.leads_to(), page);
            let mut sent = vec![("csrf_token", token.as_str())];
            sent.extend_from_slice(fields);
            let answer = browser.post(&act(&item, mine, 1), &sent).await;
            let told = format!("{mine} after {theirs}: {}", answer.body);
            assert_eq!(answer.status, 409, "{told}");
            assert!(answer.body.contains(said), "{told}");
            assert!(
                answer.body.contains("/reopen?seen=2"),
                "as it is now: {told}"
            );
            for (_, typed) in fields.iter().filter(|(_, typed)| *typed == words) {
                let typed = typed.replace('<', "&#60;").replace('>', "&#62;");
                assert!(answer.body.contains(&typed), "{told}");
            }
            let moved = fields.iter().find(|(name, _)| *name == "due_on");
            assert!(
                moved.is_none_or(|(_, day)| answer.body.contains(day)),
                "{told}"
            );
        }
    }
    let events = "select count(*) from app.audit_events
                  where action ~ '^obligation[.]' and action <> 'obligation.created'";
    assert_eq!(app.count(events).await, 12, "Bob's, and nothing of Alice's");
    app.finish().await;
}

#[tokio::test]
async fn who_changes_what_was_settled_meanwhile_sees_that_and_the_changes() {
    let app = TestApp::start().await;
    let (acme, alice) = head_office(&app).await;
    let gulshan = app.branch(&acme, "GUL").await;
    let item = app
        .obligation(&acme, &gulshan, "Fire licence", "2026-12-05")
        .await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let page = format!("/obligations/{}", item.id);
    let token = browser.visit(&format!("{page}/edit")).await.csrf();
    browser.submit(&page, &act(&item, "complete", 1), &[]).await;
    let sent = [
        ("csrf_token", token.as_str()),
        ("title", "Fire licence"),
        ("notes", "Ask for <Mr. Karim>"),
    ];
    for seen in ["", "?seen=1"] {
        let answer = browser.post(&format!("{page}{seen}"), &sent).await;
        assert_eq!(answer.status, 409, "{}", answer.body);
        let said = "Alice has completed this in the meantime";
        assert!(answer.body.contains(said), "{}", answer.body);
        assert!(answer.body.contains("Ask for &#60;Mr. Karim&#62;"));
    }
    let reopened = [("reason", "It was the wrong one")];
    let opened = browser
        .submit(&page, &act(&item, "reopen", 2), &reopened)
        .await;
    assert_eq!(opened.leads_to(), page);
    let token = browser.visit(&page).await.csrf();
    let again = [
        ("csrf_token", token.as_str()),
        ("reason", "Mistake of mine"),
    ];
    let answer = browser.post(&act(&item, "reopen", 2), &again).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(
        answer.body.contains("This is open again already."),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("Mistake of mine"));
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_ones_own_is_not_there() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let (gulshan, banani) = (
        app.branch(&acme, "GUL").await,
        app.branch(&acme, "BAN").await,
    );
    let item = app
        .obligation(&acme, &gulshan, "Fire licence", "2026-12-05")
        .await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[banani.id])
        .await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    let mallory = app
        .member(&globex, "Mallory", Role::HeadOfficeAdmin, &[])
        .await;
    let site = app.serve().await;
    for somebody in [&bob, &carol, &mallory] {
        let browser = app.signed_in(&site, somebody).await;
        assert_eq!(
            browser
                .visit(&format!("/obligations/{}", item.id))
                .await
                .status,
            404
        );
        let done = browser
            .submit("/today", &act(&item, "complete", 1), &[])
            .await;
        assert_eq!(done.status, 404, "{}", done.body);
        assert!(
            !browser
                .visit("/obligations")
                .await
                .body
                .contains("Fire licence")
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn what_a_role_may_not_do_is_not_shown() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    let item = app
        .obligation(&acme, &gulshan, "Fire licence", "2026-12-05")
        .await;
    let raw = RawObligation {
        owner_id: carol.id.to_string().into(),
        ..RawObligation::default()
    };
    let given = commands::update(&app.app, &acme.operator, item.id, &raw, None).await;
    given.expect("is given to Carol");
    let site = app.serve().await;
    let browser = app.signed_in(&site, &carol).await;
    let page = browser.visit(&format!("/obligations/{}", item.id)).await;
    assert!(page.body.contains("/complete?seen="), "{}", page.body);
    for act in ["/waive?", "/reschedule?", "/assign?", "/edit", "/audit"] {
        assert!(!page.body.contains(act), "{act}");
    }
    assert_eq!(browser.visit("/obligations/new").await.status, 403);
    let moved = [("due_on", "2027-01-01"), ("reason", "x")];
    let refused = browser
        .submit("/today", &act(&item, "reschedule", 2), &moved)
        .await;
    assert_eq!(refused.status, 403);
    app.finish().await;
}

#[tokio::test]
async fn filters_stand_in_the_address_and_come_back_as_chips() {
    let app = TestApp::start().await;
    let (acme, alice) = head_office(&app).await;
    let gulshan = app.branch(&acme, "GUL").await;
    for (title, due_on) in [
        ("Late", "2026-11-20"),
        ("Soon", "2026-11-26"),
        ("Later", "2027-03-01"),
    ] {
        app.obligation(&acme, &gulshan, title, due_on).await;
    }
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let rows = |page: &str| page.matches("<th scope=\"row\">").count();
    let all = browser.visit("/obligations").await.body;
    assert_eq!(rows(&all), 3);
    let late = browser.visit("/obligations?status=overdue").await.body;
    assert_eq!(
        (rows(&late), late.contains("Overdue 2 days")),
        (1, true),
        "{late}"
    );
    let narrowed = "/obligations?due_from=2026-11-01&due_to=2026-12-31&q=Soon&severity=";
    let found = browser.visit(narrowed).await.body;
    assert_eq!(rows(&found), 1);
    // Each chip leads to the list without its own filter.
    assert!(
        found.contains("/obligations?due_from=2026-11-01&#38;due_to=2026-12-31\""),
        "{found}"
    );
    let first = browser.visit("/obligations?limit=2").await.body;
    let next = first
        .split("rel=\"next\"")
        .next()
        .and_then(|before| before.rsplit("href=\"").next());
    let next = next
        .expect("a next page")
        .trim_end_matches("\" ")
        .replace("&#38;", "&");
    let second = browser.visit(&format!("{next}&limit=2")).await.body;
    assert_eq!((rows(&first), rows(&second)), (2, 1), "{next}");
    assert!(second.contains("rel=\"first\""));
    let wrong = browser.visit("/obligations?due_from=2026-02-30").await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains(r#"value="2026-02-30""#),
        "{}",
        wrong.body
    );
    assert_eq!(browser.visit("/obligations?colour=red").await.status, 422);
    let nothing = browser.visit("/obligations?q=unheard-of").await.body;
    assert!(nothing.contains("Nothing matches these filters"));
    app.finish().await;
}

#[tokio::test]
async fn what_the_page_promises_of_a_moved_item_is_what_follows_it() {
    let app = TestApp::start().await;
    let (acme, alice) = head_office(&app).await;
    let gulshan = app.branch(&acme, "GUL").await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let raw = RawObligation {
        branch_id: gulshan.id.to_string().into(),
        category: "tax_vat".into(),
        title: "VAT return".into(),
        due_on: "2026-12-31".into(),
        recurrence: "FREQ=MONTHLY".into(),
        ..RawObligation::default()
    };
    let actor = app.acting(&alice).await;
    let made = commands::create(&app.app, &actor, &raw).await;
    let id = made.expect("is created").id;
    let moved = RawReschedule {
        due_on: "2027-01-05".into(),
        reason: "The office is closed.".into(),
    };
    let done = commands::reschedule(&app.app, &actor, id, &moved, None).await;
    done.expect("is moved");
    let page = browser.visit(&format!("/obligations/{id}")).await.body;
    assert!(
        page.contains("The next one will be due on Sun 31 Jan 2027"),
        "{page}"
    );
    assert!(page.contains("Sun 28 Feb 2027") && !page.contains("5 Feb 2027"));
    let settled = commands::complete(&app.app, &actor, id, &RawCompletion::default(), None).await;
    let successor = settled.expect("is completed").successor;
    assert_eq!(successor.expect("goes on").due_on.to_string(), "2027-01-31");
    app.finish().await;
}

#[tokio::test]
async fn the_list_opens_with_open_work_and_what_is_settled_is_one_click_away() {
    let app = TestApp::start().await;
    let (acme, alice) = head_office(&app).await;
    let gulshan = app.branch(&acme, "GUL").await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let nothing = browser.visit("/obligations").await.body;
    assert!(nothing.contains("No obligations yet"), "{nothing}");
    let mut made = Vec::new();
    for (title, due_on) in [
        ("Paid long ago", "2026-06-01"),
        ("Paid lately", "2026-11-10"),
        ("Late", "2026-11-20"),
        ("Soon", "2026-11-26"),
    ] {
        made.push(app.obligation(&acme, &gulshan, title, due_on).await);
    }
    let complete = async |item: &Obligation| {
        let page = format!("/obligations/{}", item.id);
        let done = browser.submit(&page, &act(item, "complete", 1), &[]).await;
        assert_eq!(done.leads_to(), page);
    };
    complete(&made[0]).await;
    complete(&made[1]).await;
    let titles = async |address: &str| {
        let page = browser.visit(address).await.body;
        let current = page.split("aria-current=\"page\">").nth(2);
        let current = current.and_then(|rest| rest.split("</a>").next());
        let current = current.and_then(|words| words.rsplit('>').next());
        let current = current.expect("a chosen status").to_owned();
        let mut found: Vec<(usize, &str)> = made
            .iter()
            .filter_map(|item| Some((page.find(&format!("{}</a>", item.title))?, &*item.title)))
            .collect();
        found.sort_unstable();
        let found: Vec<String> = found.iter().map(|(_, title)| title.to_string()).collect();
        (current, found.join(", "))
    };
    let expect = |current: &str, titles: &str| (current.to_owned(), titles.to_owned());
    for (address, current, expected) in [
        ("/obligations", "Open", "Late, Soon"),
        (
            "/obligations?status=open&sort=-due_on",
            "Open",
            "Soon, Late",
        ),
        ("/obligations?q=Paid", "Open", ""),
        (
            "/obligations?status=all",
            "All",
            "Paid long ago, Paid lately, Late, Soon",
        ),
        (
            "/obligations?status=all&q=Paid",
            "All",
            "Paid long ago, Paid lately",
        ),
        // What was settled last is looked for first.
        (
            "/obligations?status=completed",
            "Completed",
            "Paid lately, Paid long ago",
        ),
        (
            "/obligations?status=completed&sort=due_on",
            "Completed",
            "Paid long ago, Paid lately",
        ),
    ] {
        assert_eq!(
            titles(address).await,
            expect(current, expected),
            "{address}"
        );
    }
    complete(&made[2]).await;
    complete(&made[3]).await;
    let settled = browser.visit("/obligations").await.body;
    assert!(settled.contains("Nothing is open"), "{settled}");
    assert!(settled.contains("href=\"/obligations?status=all\""));
    app.finish().await;
}
