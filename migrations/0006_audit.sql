-- The audit log: events are inserted in the transaction of what they tell, without a lock; the sequencer then gives them
-- their place in the tenant's chain. Formats: docs/audit-format.md. No foreign key: nothing that cascades may reach it.

-- Limits as domains: a check of the table is read anew in every statement, which costs whoever stages an event more than the
-- event's indexes do. What the verifier compares with the entry is not checked here.
create domain app.audit_entry as bytea constraint audit_entry_length check (octet_length(value) between 2 and 16384);
create domain app.audit_sealed as text[] constraint audit_sealed_size check (pg_column_size(value) <= 131072);

create table app.audit_events (
  tenant_id uuid not null,
  partition_key integer not null,
  id uuid not null,
  epoch integer not null,
  xid bigint not null default (pg_current_xact_id()::text::bigint),
  pos bigint generated always as identity,
  recorded_at timestamptz not null,
  branch_id uuid,
  actor_id uuid,
  category text not null,
  action text not null,
  outcome text not null,
  entity_type text,
  entity_id text collate "C",
  entry app.audit_entry not null,
  data_key_ids uuid[] not null default '{}',
  sealed app.audit_sealed not null default '{}',
  constraint audit_events_pkey primary key (tenant_id, partition_key, id)
);
create index audit_events_by_position on app.audit_events (epoch, xid, pos);
create index audit_events_by_entity on app.audit_events (tenant_id, entity_id);
comment on table app.audit_events is
  'What happened. entry holds the exact canonical bytes that are hashed; the columns beside it repeat what queries need and '
  'the verifier compares them. sealed holds values and salts of the personal fields, each under the data key of whom they tell: '
  'erasing the key erases them, and the event keeps its commitments, so that chain and proofs stay valid. partition_key is '
  'the UTC month (yyyymm): old months become partitions of their own.';

create table app.audit_leaves (
  chain_key uuid not null,
  seq bigint not null constraint audit_leaves_seq check (seq >= 1),
  tenant_id uuid not null,
  event_id uuid not null,
  epoch integer not null,
  xid bigint not null,
  pos bigint not null,
  prev_hash bytea not null constraint audit_leaves_prev_hash_length check (octet_length(prev_hash) = 32),
  hash bytea not null constraint audit_leaves_hash_length check (octet_length(hash) = 32),
  constraint audit_leaves_pkey primary key (chain_key, seq),
  constraint audit_leaves_event unique (tenant_id, event_id),
  constraint audit_leaves_chain check (chain_key = tenant_id)
);
comment on table app.audit_leaves is 'The place of each event in its chain: dense sequence, previous hash, hash. The nil uuid is the platform''s chain.';

create table app.audit_heads (
  tenant_id uuid not null,
  chain_key uuid not null,
  seq bigint not null,
  hash bytea not null constraint audit_heads_hash_length check (octet_length(hash) = 32),
  constraint audit_heads_pkey primary key (chain_key),
  constraint audit_heads_chain check (chain_key = tenant_id)
);
comment on table app.audit_heads is 'The last leaf of each chain.';

create table app.audit_cursor (
  only_row boolean primary key default true constraint audit_cursor_one_row check (only_row),
  epoch integer not null,
  xid bigint not null,
  pos bigint not null,
  holder uuid,
  fence bigint not null default 0,
  lease_until timestamptz
);
comment on table app.audit_cursor is 'Up to where the sequencer has come, the epoch in force, and the lease of the one sequencer.';
insert into app.audit_cursor (epoch, xid, pos) values (1, 0, 0);

call app.isolate_tenant('app.audit_events');
call app.isolate_branch('app.audit_events', 'branch_id', 'select');
call app.isolate_tenant('app.audit_leaves');
call app.isolate_tenant('app.audit_heads');
call app.open_to_system('app.audit_events', 'select');
call app.open_to_system('app.audit_leaves', 'select');
call app.open_to_system('app.audit_leaves', 'insert');
call app.open_to_system('app.audit_heads', 'select');
call app.open_to_system('app.audit_heads', 'insert');
call app.open_to_system('app.audit_heads', 'update');

grant select, insert on app.audit_events to intrex_app;
grant select on app.audit_leaves, app.audit_heads, app.audit_cursor to intrex_app;
grant select (tenant_id, partition_key, id, epoch, xid, pos, entry) on app.audit_events to intrex_system;
grant select, insert on app.audit_leaves to intrex_system;
grant select, insert, update on app.audit_heads to intrex_system;
grant select on app.audit_cursor to intrex_system;
grant update (xid, pos, holder, fence, lease_until) on app.audit_cursor to intrex_system;

create function app.refuse_change() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  raise exception 'the audit log is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end
$$;
comment on function app.refuse_change is 'Second wall behind the grants: refuses even the owner.';

create trigger audit_events_append_only before update or delete on app.audit_events
  for each row execute function app.refuse_change();
create trigger audit_events_no_truncate before truncate on app.audit_events
  for each statement execute function app.refuse_change();
create trigger audit_leaves_append_only before update or delete on app.audit_leaves
  for each row execute function app.refuse_change();
create trigger audit_leaves_no_truncate before truncate on app.audit_leaves
  for each statement execute function app.refuse_change();
create trigger audit_heads_kept before delete on app.audit_heads
  for each row execute function app.refuse_change();
create trigger audit_heads_no_truncate before truncate on app.audit_heads
  for each statement execute function app.refuse_change();
alter table app.audit_events enable always trigger audit_events_append_only;
alter table app.audit_events enable always trigger audit_events_no_truncate;
alter table app.audit_leaves enable always trigger audit_leaves_append_only;
alter table app.audit_leaves enable always trigger audit_leaves_no_truncate;
alter table app.audit_heads enable always trigger audit_heads_kept;
alter table app.audit_heads enable always trigger audit_heads_no_truncate;
