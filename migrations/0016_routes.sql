-- Notification routes: who is told of what, by which way, as an organisation sets it up; and what its people would rather not
-- hear.

create table app.notification_routes (
  tenant_id uuid not null constraint notification_routes_tenant references app.tenants (id) on delete cascade,
  id uuid not null,
  name text not null constraint notification_routes_name_length check (length(name) between 1 and 100),
  event_types text[] not null constraint notification_routes_event_types check (cardinality(event_types) between 1 and 20),
  min_severity text not null constraint notification_routes_min_severity check (min_severity in ('low', 'medium', 'high', 'critical')),
  branch_id uuid,
  connector_id uuid,
  recipient text not null constraint notification_routes_recipient
    check (recipient in ('responsible', 'branch_managers', 'head_office', 'person', 'endpoint')),
  person_id uuid,
  quiet_from time,
  quiet_to time,
  quiet_days smallint constraint notification_routes_quiet_days check (quiet_days between 1 and 127),
  escalate_after_hours smallint constraint notification_routes_escalate_after check (escalate_after_hours between 1 and 720),
  escalate_to text constraint notification_routes_escalate_to check (escalate_to in ('branch_managers', 'head_office')),
  active boolean not null default true,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint notification_routes_pkey primary key (tenant_id, id),
  constraint notification_routes_branch foreign key (tenant_id, branch_id) references app.branches (tenant_id, id),
  constraint notification_routes_connector foreign key (tenant_id, connector_id) references app.connectors (tenant_id, id),
  constraint notification_routes_person foreign key (tenant_id, person_id) references app.people (tenant_id, id),
  constraint notification_routes_person_named check ((recipient = 'person') = (person_id is not null)),
  constraint notification_routes_quiet check (num_nulls(quiet_from, quiet_to, quiet_days) in (0, 3)),
  constraint notification_routes_escalation check ((escalate_after_hours is null) = (escalate_to is null)),
  constraint notification_routes_endpoint check (recipient <> 'endpoint' or (connector_id is not null and escalate_to is null))
);
create unique index notification_routes_name on app.notification_routes (tenant_id, lower(name));
create index notification_routes_by_connector on app.notification_routes (tenant_id, connector_id);
create index notification_routes_by_branch on app.notification_routes (tenant_id, branch_id);
create index notification_routes_by_person on app.notification_routes (tenant_id, person_id);
comment on table app.notification_routes is
  'Who is told of what, by which way. All that match apply; no connector means the installation''s own mail. quiet_days has a '
  'bit for each day on which the quiet time begins, Monday the lowest. Without any row the built-in route serves.';
call app.isolate_tenant('app.notification_routes');
grant select, insert, delete on app.notification_routes to intrex_app;
grant update (name, event_types, min_severity, branch_id, connector_id, recipient, person_id, quiet_from, quiet_to, quiet_days,
              escalate_after_hours, escalate_to, active, updated_at, version)
  on app.notification_routes to intrex_app;

create table app.notification_opt_outs (
  tenant_id uuid not null,
  person_id uuid not null,
  event_type text not null constraint notification_opt_outs_event_type_length check (length(event_type) between 1 and 60),
  since timestamptz not null,
  constraint notification_opt_outs_pkey primary key (tenant_id, person_id, event_type),
  constraint notification_opt_outs_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
comment on table app.notification_opt_outs is
  'What somebody would rather not be told outside of Intrex. It counts as far as the organisation lets it (tenants.opt_outs).';
call app.isolate_tenant('app.notification_opt_outs');
grant select, insert, delete on app.notification_opt_outs to intrex_app;
