-- What is said, to whom, when: the reminder ledger, the in-app inbox, and the table of background jobs.

create table app.reminder_slots (
  tenant_id uuid not null,
  id uuid not null,
  branch_id uuid not null,
  obligation_id uuid not null,
  threshold text not null constraint reminder_slots_threshold check (threshold ~ '^(before_[0-9]{1,3}|due_day|overdue|escalation|again)$'),
  falls_on date not null,
  route_id uuid not null,
  connector_id uuid not null,
  recipient_id uuid,
  unanswered boolean not null default false,
  fingerprint bytea not null constraint reminder_slots_fingerprint_length check (octet_length(fingerprint) = 32),
  planned_at timestamptz not null,
  state text not null constraint reminder_slots_state
    check (state in ('planned', 'sending', 'sent', 'suppressed', 'acknowledged', 'failed')),
  reason text constraint reminder_slots_reason_length check (length(reason) between 1 and 60),
  superseded_by uuid,
  next_attempt_at timestamptz not null,
  attempts smallint not null default 0,
  lease_until timestamptz,
  fence bigint not null default 0,
  last_error text constraint reminder_slots_last_error_length check (length(last_error) <= 1000),
  settled_at timestamptz,
  created_at timestamptz not null,
  constraint reminder_slots_pkey primary key (tenant_id, id),
  constraint reminder_slots_fingerprint unique (tenant_id, fingerprint),
  constraint reminder_slots_obligation foreign key (tenant_id, branch_id, obligation_id)
    references app.obligation_instances (tenant_id, branch_id, id) on delete cascade,
  constraint reminder_slots_recipient foreign key (tenant_id, recipient_id) references app.people (tenant_id, id),
  constraint reminder_slots_settled check ((state in ('planned', 'sending')) = (settled_at is null)),
  constraint reminder_slots_suppressed check (state <> 'suppressed' or reason is not null)
);
create index reminder_slots_by_obligation on app.reminder_slots (tenant_id, obligation_id, planned_at);
create index reminder_slots_due on app.reminder_slots (next_attempt_at) where state in ('planned', 'sending');
-- The claim takes turns between tenants, however much one of them has waiting.
create index reminder_slots_due_by_tenant on app.reminder_slots (tenant_id, next_attempt_at) where state in ('planned', 'sending');
comment on table app.reminder_slots is
  'The reminder ledger: one row for each item, threshold, route, connector and recipient, unique by fingerprint. It ends '
  'in exactly one of sent, suppressed (with its reason), acknowledged or failed. No recipient: whom the connector names. '
  'unanswered: sent only if nobody has answered since the first was told.';
call app.isolate_tenant('app.reminder_slots');
call app.isolate_branch('app.reminder_slots');
call app.open_to_system('app.reminder_slots', 'select');
call app.open_to_system('app.reminder_slots', 'update');
grant select, insert on app.reminder_slots to intrex_app;
grant update (planned_at, state, reason, superseded_by, next_attempt_at, attempts, lease_until, last_error, settled_at)
  on app.reminder_slots to intrex_app;
grant select (tenant_id, id, state, next_attempt_at, lease_until, fence, attempts) on app.reminder_slots to intrex_system;
grant update (state, lease_until, fence, attempts) on app.reminder_slots to intrex_system;

create table app.notification_events (
  tenant_id uuid not null,
  id uuid not null,
  recipient_id uuid not null,
  branch_id uuid not null,
  obligation_id uuid not null,
  slot_id uuid not null,
  type text not null constraint notification_events_type check (type in ('obligation_due', 'obligation_overdue')),
  severity text not null constraint notification_events_severity check (severity in ('low', 'medium', 'high', 'critical')),
  threshold text not null constraint notification_events_threshold_length check (length(threshold) <= 20),
  due_on date not null,
  created_at timestamptz not null,
  read_at timestamptz,
  constraint notification_events_pkey primary key (tenant_id, id),
  constraint notification_events_slot unique (tenant_id, slot_id),
  constraint notification_events_recipient foreign key (tenant_id, recipient_id) references app.people (tenant_id, id) on delete cascade,
  constraint notification_events_obligation foreign key (tenant_id, branch_id, obligation_id)
    references app.obligation_instances (tenant_id, branch_id, id) on delete cascade
);
-- For the foreign key: without it, whoever removes an obligation looks through the whole inbox of the organisation.
create index notification_events_by_obligation on app.notification_events (tenant_id, obligation_id);
create index notification_events_inbox on app.notification_events (tenant_id, recipient_id, created_at desc, id desc);
comment on table app.notification_events is 'The in-app inbox: one row a person and message. Queries narrow it to its recipient.';
call app.isolate_tenant('app.notification_events');
call app.isolate_branch('app.notification_events');
grant select, insert on app.notification_events to intrex_app;
grant update (read_at) on app.notification_events to intrex_app;

create table app.jobs (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null constraint jobs_kind_length check (length(kind) between 1 and 60),
  key text not null default '' constraint jobs_key_length check (length(key) <= 200),
  run_at timestamptz not null,
  attempts integer not null default 0,
  lease_until timestamptz,
  fence bigint not null default 0,
  last_error text constraint jobs_last_error_length check (length(last_error) <= 1000),
  created_at timestamptz not null,
  constraint jobs_pkey primary key (tenant_id, id),
  constraint jobs_once unique (tenant_id, kind, key)
);
create index jobs_due on app.jobs (run_at);
comment on table app.jobs is 'Background work of a tenant. intrex_system claims (tenant, job, fence); the work runs as intrex_app.';
call app.isolate_tenant('app.jobs');
call app.open_to_system('app.jobs', 'select');
call app.open_to_system('app.jobs', 'update');
grant select, insert, delete on app.jobs to intrex_app;
grant update (run_at, attempts, lease_until, last_error) on app.jobs to intrex_app;
grant select (tenant_id, id, kind, key, run_at, attempts, lease_until, fence) on app.jobs to intrex_system;
grant update (lease_until, fence, attempts) on app.jobs to intrex_system;
