//! Whoever owns the database can switch its walls off. What they then change, remove, insert or swap is found, and the
//! verifier says where.

use intrex_audit::Fault as ChainFault;
use intrex_core::audit::verify::{self, Broken, Fault, Verdict};
use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use crate::support::{Tenant, TestApp};

/// Switches off what stands between a superuser and the log: the triggers that are always on, checks and keys.
const WALLS_DOWN: &str = "
    alter table app.audit_events disable trigger all;
    alter table app.audit_leaves disable trigger all;
    alter table app.audit_heads disable trigger all;
    alter table app.audit_events alter column pos drop identity if exists;
    alter table app.audit_leaves drop constraint if exists audit_leaves_chain, drop constraint if exists audit_leaves_seq,
      drop constraint if exists audit_leaves_event, drop constraint if exists audit_leaves_pkey, drop constraint if exists audit_leaves_hash_length,
      drop constraint if exists audit_leaves_prev_hash_length;
    alter table app.audit_events drop constraint if exists audit_events_pkey;
    alter table app.audit_heads drop constraint if exists audit_heads_chain, drop constraint if exists audit_heads_hash_length;
    set session_replication_role = replica";

/// A log of five events of Acme's, its creation the first, among those of another tenant.
struct Log {
    app: TestApp,
    acme: Tenant,
}

impl Log {
    async fn of_five() -> Self {
        let mut app = TestApp::start().await;
        let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
        for _ in 0..4 {
            app.record(&acme, "thing.done").await;
            app.record(&globex, "thing.done").await;
        }
        app.sequence().await;
        app.leaves_the_log_broken();
        let log = Log { app, acme };
        assert!(
            matches!(log.verdict().await, Verdict::Intact(verified) if verified.events == 5),
            "it is intact before anybody touches it"
        );
        log
    }

    async fn tamper(&self, statements: &str) {
        let mut superuser = self.app.superuser().await;
        let all = format!("{WALLS_DOWN}; {statements}");
        superuser
            .execute(AssertSqlSafe(all))
            .await
            .expect(statements);
    }

    async fn verdict(&self) -> Verdict {
        verify::verify(&self.app.app, &self.acme.operator)
            .await
            .expect("the log can be read")
    }

    async fn found(&self) -> Broken {
        match self.verdict().await {
            Verdict::Broken(broken) => {
                assert_eq!(broken.chain_key, self.acme.id.uuid());
                broken
            }
            Verdict::Intact(_) => panic!("the change was not found"),
        }
    }

    /// Acme's event of this number, for a `where`.
    async fn event(&self, seq: i64) -> Uuid {
        sqlx::query_scalar(
            "select event_id from app.audit_leaves where chain_key = $1 and seq = $2",
        )
        .bind(self.acme.id.uuid())
        .bind(seq)
        .fetch_one(&mut self.app.superuser().await)
        .await
        .expect("the event is there")
    }
}

/// Every column of a table, with an expression that changes its value.
async fn changes(app: &TestApp, table: &str) -> Vec<(String, String)> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select attname::text, format_type(atttypid, null) from pg_attribute
         where attrelid = ('app.' || $1)::regclass and attnum > 0 and not attisdropped order by attnum",
    )
    .bind(table)
    .fetch_all(&mut app.superuser().await)
    .await
    .expect("columns are listed");
    columns
        .into_iter()
        .map(|(column, kind)| {
            let change = match kind.as_str() {
                "uuid" => "gen_random_uuid()".to_owned(),
                "integer" | "bigint" => format!("{column} + 1000"),
                "text" => format!("coalesce({column}, '') || 'x'"),
                "timestamp with time zone" => format!("{column} + interval '1 microsecond'"),
                "uuid[]" => "array[gen_random_uuid()]".to_owned(),
                "text[]" | "app.audit_sealed" => format!("array[{column}[1] || 'x']"),
                "bytea" | "app.audit_entry" => {
                    format!("set_byte({column}, 9, get_byte({column}, 9) # 1)")
                }
                other => panic!("{table}.{column} is a {other}: say how it is changed"),
            };
            (column, change)
        })
        .collect()
}

#[tokio::test]
async fn a_change_of_any_column_of_an_event_is_found_and_named() {
    let log = Log::of_five().await;
    let columns = changes(&log.app, "audit_events").await;
    assert!(columns.len() >= 14, "{columns:?}");
    log.tamper("create table app.untouched as table app.audit_events")
        .await;
    let third = log.event(3).await;
    for (column, change) in columns {
        log.tamper(&format!(
            "update app.audit_events set {column} = {change} where id = '{third}'"
        ))
        .await;
        let broken = log.found().await;
        assert_eq!(broken.seq, Some(3), "{column}: {broken}");
        log.tamper(
            "delete from app.audit_events; insert into app.audit_events table app.untouched",
        )
        .await;
        assert!(
            matches!(log.verdict().await, Verdict::Intact(_)),
            "{column} was put back"
        );
    }
    log.app.finish().await;
}

#[tokio::test]
async fn a_change_of_any_column_of_a_leaf_is_found_and_named() {
    let log = Log::of_five().await;
    let columns = changes(&log.app, "audit_leaves").await;
    assert_eq!(columns.len(), 9, "{columns:?}");
    log.tamper("create table app.untouched as table app.audit_leaves")
        .await;
    let third = log.event(3).await;
    for (column, change) in columns {
        log.tamper(&format!(
            "update app.audit_leaves set {column} = {change} where event_id = '{third}'"
        ))
        .await;
        let broken = log.found().await;
        assert_eq!(broken.seq, Some(3), "{column}: {broken}");
        log.tamper(
            "delete from app.audit_leaves; insert into app.audit_leaves table app.untouched",
        )
        .await;
        assert!(
            matches!(log.verdict().await, Verdict::Intact(_)),
            "{column} was put back"
        );
    }
    log.app.finish().await;
}

#[tokio::test]
async fn a_change_of_the_head_is_found() {
    let log = Log::of_five().await;
    log.tamper("create table app.untouched as table app.audit_heads")
        .await;
    let acme = log.acme.id;
    for (change, expected) in [
        ("update app.audit_heads set seq = 4", 5),
        ("update app.audit_heads set seq = 6", 6),
        ("update app.audit_heads set seq = -1", 0),
        ("update app.audit_heads set hash = sha256(hash)", 5),
        ("update app.audit_heads set hash = 'short'", 0),
        (
            "update app.audit_heads set chain_key = gen_random_uuid()",
            5,
        ),
        (
            "update app.audit_heads set tenant_id = gen_random_uuid()",
            5,
        ),
        ("delete from app.audit_heads", 5),
    ] {
        log.tamper(&format!("{change} where tenant_id = '{acme}'"))
            .await;
        let broken = log.found().await;
        assert_eq!(broken.seq.unwrap_or(0), expected, "{change}: {broken}");
        log.tamper("delete from app.audit_heads; insert into app.audit_heads table app.untouched")
            .await;
    }
    log.app.finish().await;
}

#[tokio::test]
async fn removed_events_are_found_while_the_head_is_kept() {
    for (what, seq, fault) in [
        ("first", 1, ChainFault::Missing { next: 2 }),
        ("inner", 3, ChainFault::Missing { next: 4 }),
        ("last", 5, ChainFault::TailMissing { head: 5 }),
    ] {
        let log = Log::of_five().await;
        let event = log.event(seq).await;
        log.tamper(&format!(
            "delete from app.audit_events where id = '{event}'; delete from app.audit_leaves where event_id = '{event}'"
        ))
        .await;
        let broken = log.found().await;
        assert_eq!(broken.seq, u64::try_from(seq).ok(), "{what}: {broken}");
        assert_eq!(broken.fault, Fault::Chain(fault), "{what}");
        log.app.finish().await;
    }
}

#[tokio::test]
async fn an_event_whose_entry_is_gone_is_found() {
    let log = Log::of_five().await;
    let event = log.event(2).await;
    log.tamper(&format!(
        "delete from app.audit_events where id = '{event}'"
    ))
    .await;
    let broken = log.found().await;
    assert_eq!((broken.seq, broken.event_id), (Some(2), Some(event)));
    assert_eq!(broken.fault, Fault::Chain(ChainFault::EntryRemoved));
    log.app.finish().await;
}

#[tokio::test]
async fn a_leaf_that_is_gone_is_found() {
    let log = Log::of_five().await;
    let event = log.event(2).await;
    log.tamper(&format!(
        "delete from app.audit_leaves where event_id = '{event}'"
    ))
    .await;
    let broken = log.found().await;
    assert_eq!(broken.seq, Some(2), "{broken}");
    log.app.finish().await;
}

#[tokio::test]
async fn two_swapped_events_are_found() {
    let log = Log::of_five().await;
    let (second, fourth) = (log.event(2).await, log.event(4).await);
    // Their contents change places, ids and all.
    log.tamper(&format!(
        "create temporary table pair as select * from app.audit_events where id in ('{second}', '{fourth}');
         update app.audit_events e set (xid, pos) = (select p.xid, p.pos from pair p where p.id <> e.id)
         where e.id in ('{second}', '{fourth}')"
    ))
    .await;
    let broken = log.found().await;
    assert_eq!(broken.seq, Some(2), "{broken}");
    log.app.finish().await;
}

#[tokio::test]
async fn two_swapped_leaves_are_found() {
    let log = Log::of_five().await;
    let (second, fourth) = (log.event(2).await, log.event(4).await);
    log.tamper(&format!(
        "update app.audit_leaves set seq = 6 - seq where event_id in ('{second}', '{fourth}')"
    ))
    .await;
    let broken = log.found().await;
    assert_eq!(broken.seq, Some(2), "{broken}");
    log.app.finish().await;
}

#[tokio::test]
async fn a_chain_computed_anew_in_another_order_is_found() {
    let log = Log::of_five().await;
    // Somebody who knows the format chains the second and third event the other way round, hashes and head included.
    let chain = log.acme.id.uuid();
    let mut superuser = log.app.superuser().await;
    superuser
        .execute(WALLS_DOWN)
        .await
        .expect("the walls are down");
    let rows: Vec<(i64, Uuid, i32, i64, i64, Vec<u8>)> = sqlx::query_as(
        "select l.seq, l.event_id, l.epoch, l.xid, l.pos, e.entry
         from app.audit_leaves l join app.audit_events e on e.id = l.event_id where l.chain_key = $1 order by l.seq",
    )
    .bind(chain)
    .fetch_all(&mut superuser)
    .await
    .expect("the chain is read");
    sqlx::query("delete from app.audit_leaves where chain_key = $1")
        .bind(chain)
        .execute(&mut superuser)
        .await
        .expect("the chain is removed");
    let mut head = intrex_audit::Head::GENESIS;
    for at in [0, 2, 1, 3, 4] {
        let (_, event, epoch, xid, pos, entry) = &rows[at];
        let link = head.next(chain, entry);
        head = link.head();
        sqlx::query("insert into app.audit_leaves values ($1, $2, $1, $3, $4, $5, $6, $7, $8)")
            .bind(chain)
            .bind(i64::try_from(link.seq).expect("small"))
            .bind(event)
            .bind(epoch)
            .bind(xid)
            .bind(pos)
            .bind(&link.prev_hash[..])
            .bind(&link.hash[..])
            .execute(&mut superuser)
            .await
            .expect("the forged leaf is stored");
    }
    sqlx::query("update app.audit_heads set hash = $2 where chain_key = $1")
        .bind(chain)
        .bind(&head.hash[..])
        .execute(&mut superuser)
        .await
        .expect("the forged head is stored");

    let broken = log.found().await;
    assert_eq!((broken.seq, broken.fault), (Some(3), Fault::OrderDiffers));
    log.app.finish().await;
}

#[tokio::test]
async fn an_event_slipped_in_behind_the_sequencer_is_found() {
    for (position, what) in [
        ("xid, 0", "before the first"),
        ("xid, pos - 1000", "far before"),
        (
            "xid + (1::bigint << 50), pos",
            "where no transaction will ever be",
        ),
    ] {
        let log = Log::of_five().await;
        let third = log.event(3).await;
        log.tamper(&format!(
            "create temporary table slipped as select * from app.audit_events where id = '{third}';
             update slipped set id = gen_random_uuid(), (xid, pos) = (select {position} from slipped);
             insert into app.audit_events table slipped"
        ))
        .await;
        let broken = log.found().await;
        assert_eq!(broken.fault, Fault::NeverPlaced, "{what}");
        assert_ne!(broken.event_id, Some(third), "{what}: the new one is named");
        assert!(broken.event_id.is_some(), "{what}");
        log.app.finish().await;
    }
}

#[tokio::test]
async fn another_tenants_damage_is_not_ones_own() {
    let log = Log::of_five().await;
    let acme = log.acme.id;
    log.tamper(&format!(
        "delete from app.audit_leaves where tenant_id <> '{acme}'"
    ))
    .await;
    assert!(matches!(log.verdict().await, Verdict::Intact(_)));
    let verdicts = verify::verify_all(&log.app.app).await.expect("is read");
    let broken = verdicts
        .iter()
        .filter(|verdict| matches!(verdict, Verdict::Broken(_)));
    assert_eq!((broken.count(), verdicts.len()), (1, 3));
    log.app.finish().await;
}
