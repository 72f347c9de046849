//! The pages of access reviews, in a browser.

use intrex_core::permission::Role;

use crate::support::TestApp;

#[tokio::test]
async fn a_review_is_begun_decided_exported_and_finished_by_pages() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let carol = app.member(&acme, "Carol", Role::Operator, &[]).await;
    let cookie = app.sign_in(&carol).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let list = "/settings/access-reviews";
    let begun = browser.submit(list, list, &[]).await;
    let review = begun.leads_to().to_owned();
    let page = browser.visit(&review).await.body;
    assert!(
        page.contains("Carol") && page.contains("0 of 2 decided"),
        "{page}"
    );
    assert!(!browser.visit(list).await.body.contains("Begin a review"));
    let (decide, finish) = (format!("{review}/decide"), format!("{review}/finish"));
    let (carols, own) = (carol.id.to_string(), alice.id.to_string());

    let early = browser.submit(&review, &finish, &[]).await;
    assert_eq!(early.status, 409);
    assert!(early.body.contains("not decided on yet"), "{}", early.body);
    let wrong = browser
        .submit(
            &review,
            &decide,
            &[("person_id", &carols), ("decision", "revoke"), ("note", "")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("Say why."), "{}", wrong.body);
    let oneself = browser
        .submit(
            &review,
            &decide,
            &[
                ("person_id", &own),
                ("decision", "keep"),
                ("note", "typed with care"),
            ],
        )
        .await;
    assert_eq!(oneself.status, 409);
    assert!(oneself.body.contains("Nobody decides on themselves"));
    let right = browser
        .submit(
            &review,
            &decide,
            &[
                ("person_id", &carols),
                ("decision", "revoke"),
                ("note", "=left in May"),
            ],
        )
        .await;
    assert_eq!(right.leads_to(), format!("{review}#row-{carols}"));
    assert!(app.is_dead(&cookie).await);

    let csv = browser.visit(&format!("{review}/export")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.header("content-disposition").starts_with("attachment"));
    assert!(csv.body.contains("\"'=left in May\""), "{}", csv.body);
    // Whoever takes it along is in the audit log, with how much it was and not with what stands in it; it is counted, however
    // little it is.
    let told: String = sqlx::query_scalar(
        "select convert_from(entry, 'UTF8') from app.audit_events where action = 'access_review.exported'",
    )
    .fetch_one(&mut app.superuser().await)
    .await
    .expect("is told of once");
    assert!(
        told.contains("\"count\":2") && told.contains("\"filter\":\"everybody\""),
        "{told}"
    );
    assert!(
        !told.contains("Carol") && !told.contains(&carol.email),
        "{told}"
    );
    let read = "select sum(n)::bigint from app.security_tallies where rule = 'export'";
    assert_eq!(app.count(read).await, 2);
    let done = browser.submit(&review, &finish, &[]).await;
    assert_eq!(done.leads_to(), review);
    let page = browser.visit(&review).await.body;
    assert!(
        page.contains("finished") && !page.contains("/decide\""),
        "{page}"
    );
    assert!(browser.visit(list).await.body.contains("Begin a review"));

    // Over the API the same.
    let all = browser.visit("/api/v1/access-reviews").await.json();
    assert_eq!(all["items"][0]["revoked_count"], 1);
    let id = all["items"][0]["id"].as_str().expect("an id");
    let whole = browser.visit(&format!("/api/v1/access-reviews/{id}")).await;
    assert_eq!(whole.json()["rows"].as_array().map(Vec::len), Some(2));
    app.finish().await;
}
