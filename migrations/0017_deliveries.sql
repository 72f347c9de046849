-- Deliveries: one row for each message to one recipient over one connector, and what became of every attempt to send it.

create table app.notification_deliveries (
  tenant_id uuid not null,
  id uuid not null,
  route_id uuid,
  connector_id uuid,
  way uuid not null generated always as (coalesce(connector_id, '00000000-0000-8000-8000-000000000003'::uuid)) stored,
  recipient_id uuid,
  branch_id uuid,
  event_type text not null constraint notification_deliveries_event_type_length check (length(event_type) between 1 and 60),
  severity text constraint notification_deliveries_severity check (severity in ('low', 'medium', 'high', 'critical')),
  notices jsonb not null constraint notification_deliveries_notices
    check (jsonb_typeof(notices) = 'array' and jsonb_array_length(notices) between 1 and 50 and length(notices::text) <= 400000),
  slots smallint not null default 0 constraint notification_deliveries_slots check (slots between 0 and 50),
  fingerprint bytea not null constraint notification_deliveries_fingerprint_length check (octet_length(fingerprint) = 32),
  state text not null constraint notification_deliveries_state
    check (state in ('waiting', 'sending', 'delivered', 'dead', 'cancelled')),
  reason text constraint notification_deliveries_reason_length check (length(reason) between 1 and 60),
  next_attempt_at timestamptz not null,
  attempts smallint not null default 0,
  tries integer not null default 0,
  lease_until timestamptz,
  fence bigint not null default 0,
  created_at timestamptz not null,
  settled_at timestamptz,
  last_class text constraint notification_deliveries_last_class_length check (length(last_class) between 1 and 60),
  last_code smallint,
  receipt text constraint notification_deliveries_receipt_length check (length(receipt) between 1 and 300),
  constraint notification_deliveries_pkey primary key (tenant_id, id),
  constraint notification_deliveries_fingerprint unique (tenant_id, fingerprint),
  constraint notification_deliveries_connector foreign key (tenant_id, connector_id) references app.connectors (tenant_id, id),
  constraint notification_deliveries_recipient foreign key (tenant_id, recipient_id) references app.people (tenant_id, id),
  constraint notification_deliveries_branch foreign key (tenant_id, branch_id) references app.branches (tenant_id, id),
  constraint notification_deliveries_settled check ((state in ('waiting', 'sending')) = (settled_at is null)),
  constraint notification_deliveries_why check ((state in ('dead', 'cancelled')) = (reason is not null))
);
-- The claim takes turns between tenants, and between the ways of one: it walks from way to way and takes the first of each,
-- however much one of them has waiting.
create index notification_deliveries_waiting on app.notification_deliveries (tenant_id, way, next_attempt_at, id)
  where state = 'waiting';
create index notification_deliveries_sending on app.notification_deliveries (tenant_id, way, lease_until) where state = 'sending';
create index notification_deliveries_dead on app.notification_deliveries (tenant_id, connector_id, settled_at) where state = 'dead';
create index notification_deliveries_by_branch on app.notification_deliveries (tenant_id, branch_id) where branch_id is not null;
create index notification_deliveries_by_recipient on app.notification_deliveries (tenant_id, recipient_id)
  where recipient_id is not null;
comment on table app.notification_deliveries is
  'The outbox of notifications: one row for each message, unique by fingerprint. No connector means the installation''s own mail. '
  'The words are made when it is sent; kept are the facts that a webhook is sent. slots tells how many reminders it was made of; attempts count since it was last '
  'taken up, tries in all.';
call app.isolate_tenant('app.notification_deliveries');
call app.isolate_branch('app.notification_deliveries');
call app.keep_until_tenant_leaves('app.notification_deliveries');
call app.open_to_system('app.notification_deliveries', 'select');
call app.open_to_system('app.notification_deliveries', 'update');
grant select, insert on app.notification_deliveries to intrex_app;
grant update (state, reason, next_attempt_at, attempts, tries, lease_until, settled_at, last_class, last_code, receipt)
  on app.notification_deliveries to intrex_app;
grant select (tenant_id, id, way, state, next_attempt_at, lease_until, fence, attempts) on app.notification_deliveries to intrex_system;
grant update (state, lease_until, fence, attempts) on app.notification_deliveries to intrex_system;

create table app.delivery_attempts (
  tenant_id uuid not null,
  delivery_id uuid not null,
  n integer not null constraint delivery_attempts_n check (n >= 1),
  at timestamptz not null,
  took_ms integer not null constraint delivery_attempts_took_ms check (took_ms >= 0),
  code smallint,
  class text constraint delivery_attempts_class_length check (length(class) between 1 and 60),
  answer text not null constraint delivery_attempts_answer_length check (octet_length(answer) <= 16384),
  stages jsonb not null constraint delivery_attempts_stages check (jsonb_typeof(stages) = 'array' and length(stages::text) <= 20000),
  constraint delivery_attempts_pkey primary key (tenant_id, delivery_id, n),
  constraint delivery_attempts_delivery foreign key (tenant_id, delivery_id)
    references app.notification_deliveries (tenant_id, id) on delete cascade
);
create index delivery_attempts_by_time on app.delivery_attempts (tenant_id, at);
comment on table app.delivery_attempts is
  'Every attempt to send a delivery: when, how long, what was answered, without secrets. Taken away after a while.';
call app.isolate_tenant('app.delivery_attempts');
grant select, insert, delete on app.delivery_attempts to intrex_app;
grant update (answer, stages) on app.delivery_attempts to intrex_app;

-- A connector that is parked is not claimed for at all, so that nothing that waits for it spends an attempt.
call app.open_to_system('app.connectors', 'select');
grant select (tenant_id, id, parked_until) on app.connectors to intrex_system;

-- The slot is settled with the delivery that carries it.
alter table app.reminder_slots add column delivery_id uuid;
alter table app.reminder_slots add constraint reminder_slots_delivery foreign key (tenant_id, delivery_id)
  references app.notification_deliveries (tenant_id, id);
create index reminder_slots_by_delivery on app.reminder_slots (tenant_id, delivery_id) where delivery_id is not null;
grant update (delivery_id) on app.reminder_slots to intrex_app;
