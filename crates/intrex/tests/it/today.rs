//! The first page: every number leads to a list with as many rows, whoever looks.

use intrex_core::{
    branches::Branch,
    obligations::{commands, input::RawObligation},
    permission::Role,
};

use crate::support::{Tenant, TestApp, browser::Browser};

/// A register with something late, something due, something far away and something of a category of its own.
async fn register(app: &TestApp, tenant: &Tenant, branch: &Branch, owner: Option<&str>) {
    for (title, category, due_on) in [
        ("Fire licence", "fire_safety", "2026-11-16"),
        ("Extinguishers", "fire_safety", "2026-11-20"),
        ("Signboard tax", "trade_license", "2026-11-22"),
        ("VAT return", "tax_vat", "2026-11-26"),
        ("Boiler", "Boilers & lifts", "2026-12-04"),
        ("Drug licence", "trade_license", "2027-03-01"),
    ] {
        let raw = RawObligation {
            branch_id: branch.id.to_string().into(),
            title: title.into(),
            category: category.into(),
            due_on: due_on.into(),
            owner_id: owner.unwrap_or_default().into(),
            ..RawObligation::default()
        };
        let made = commands::create(&app.app, &tenant.operator, &raw).await;
        made.expect("the obligation is created");
    }
}

/// The addresses in a part of a page, each with the first number that stands in its link.
fn numbers(page: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for link in page.split("<a href=\"/obligations?").skip(1) {
        let (address, rest) = link.split_once('"').expect("an address");
        let inside = rest.split("</a>").next().expect("a link");
        let text: String = inside
            .split('<')
            .map(|piece| piece.rsplit('>').next().unwrap_or_default())
            .collect::<Vec<_>>()
            .join(" ");
        let number = text
            .split_whitespace()
            .find_map(|word| word.parse::<usize>().ok());
        if let Some(number) = number {
            found.push((
                format!("/obligations?{}", address.replace("&#38;", "&")),
                number,
            ));
        }
    }
    found
}

async fn rows(browser: &Browser, address: &str) -> usize {
    let list = browser.visit(address).await;
    assert_eq!(list.status, 200, "{address}: {}", list.body);
    list.body.matches("<th scope=\"row\">").count()
}

#[tokio::test]
async fn every_number_of_head_office_leads_to_as_many_rows() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (gulshan, banani) = (
        app.branch(&acme, "GUL").await,
        app.branch(&acme, "BAN").await,
    );
    register(&app, &acme, &gulshan, None).await;
    app.obligation(&acme, &banani, "Lift", "2026-11-21").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let page = browser.visit("/today").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        page.body.contains("<h1>Sunday 22 November 2026</h1>"),
        "{}",
        page.body
    );
    let numbers = numbers(&page.body);
    // Four figures, the cells that count, four weeks.
    assert!(numbers.len() >= 12, "{numbers:?}");
    for (address, number) in &numbers {
        assert_eq!(rows(&browser, address).await, *number, "{address}");
    }
    assert!(
        numbers.contains(&("/obligations?status=overdue".to_owned(), 3)),
        "{numbers:?}"
    );
    // The branch with more that is late stands first.
    let order = (page.body.find("\">GUL</a>"), page.body.find("\">BAN</a>"));
    assert!(order.0 < order.1, "{order:?}");
    app.finish().await;
}

#[tokio::test]
async fn a_branch_manager_sees_the_own_branch_and_numbers_that_hold() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (gulshan, banani) = (
        app.branch(&acme, "GUL").await,
        app.branch(&acme, "BAN").await,
    );
    register(&app, &acme, &gulshan, None).await;
    app.obligation(&acme, &banani, "Lift of another branch", "2026-11-21")
        .await;
    let bob = app
        .member(&acme, "Bob", Role::BranchManager, &[gulshan.id])
        .await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &bob).await;
    let page = browser.visit("/today").await.body;
    assert!(page.contains("<h1>GUL</h1>"), "{page}");
    assert!(!page.contains("another branch"));
    let numbers = numbers(&page);
    assert_eq!(numbers.len(), 4, "{numbers:?}");
    for (address, number) in &numbers {
        assert_eq!(rows(&browser, address).await, *number, "{address}");
    }
    for title in [
        "Fire licence",
        "Extinguishers",
        "Signboard tax",
        "VAT return",
    ] {
        assert!(page.contains(title), "{title}");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_operator_marks_a_task_as_done_from_the_list() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let gulshan = app.branch(&acme, "GUL").await;
    let carol = app
        .member(&acme, "Carol", Role::Operator, &[gulshan.id])
        .await;
    register(&app, &acme, &gulshan, Some(&carol.id.to_string())).await;
    app.obligation(&acme, &gulshan, "Somebody else’s task", "2026-11-23")
        .await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &carol).await;
    let page = browser.visit("/today").await.body;
    assert_eq!(
        page.matches("<article class=\"task\">").count(),
        6,
        "{page}"
    );
    assert!(!page.contains("Somebody else"));
    assert!(page.contains("2 overdue, 2 due this week"), "{page}");
    let task = page
        .split("<article class=\"task\">")
        .find(|task| task.contains(">Fire licence</a>"))
        .expect("the task is there");
    let action = task
        .split("action=\"/obligations/")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let action = format!(
        "/obligations/{}",
        action.expect("a form").replace("&amp;", "&")
    );
    let done = browser.submit("/today", &action, &[]).await;
    let after = done.leads_to().to_owned();
    assert!(after.starts_with("/today?done="), "{after}");
    let page = browser.visit(&after).await.body;
    assert!(page.contains("Fire licence: completed."), "{page}");
    assert_eq!(
        page.matches("<article class=\"task\">").count(),
        5,
        "{page}"
    );
    let foreign = browser
        .visit("/today?done=01890000-0000-7000-8000-000000000000")
        .await;
    assert_eq!(
        (foreign.status, foreign.body.contains("completed.")),
        (200, false)
    );
    app.finish().await;
}

#[tokio::test]
async fn an_empty_installation_says_what_to_do_first() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let bob = app.member(&acme, "Bob", Role::BranchManager, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let site = app.serve().await;
    for (somebody, said) in [
        (&alice, "No branches yet"),
        (&bob, "Nothing is overdue."),
        (&carol, "Nothing waits for you"),
    ] {
        let page = app.signed_in(&site, somebody).await.visit("/today").await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    app.finish().await;
}
