-- What is owed: templates, obligations, imports.

create table app.obligation_templates (
  tenant_id uuid not null constraint obligation_templates_tenant references app.tenants (id) on delete cascade,
  id uuid not null,
  code text not null constraint obligation_templates_code_length check (length(code) between 1 and 80),
  category text not null constraint obligation_templates_category_length check (length(category) between 1 and 60),
  title text not null constraint obligation_templates_title_length check (length(title) between 1 and 200),
  description text not null default '' constraint obligation_templates_description_length check (length(description) <= 4000),
  authority text not null default '' constraint obligation_templates_authority_length check (length(authority) <= 200),
  citation text not null default '' constraint obligation_templates_citation_length check (length(citation) <= 500),
  jurisdiction text not null default '' constraint obligation_templates_jurisdiction_length check (length(jurisdiction) <= 60),
  branch_types text[] not null default '{}',
  recurrence text constraint obligation_templates_recurrence_length check (length(recurrence) <= 200),
  anchor text not null default 'schedule' constraint obligation_templates_anchor check (anchor in ('schedule', 'completion')),
  lead_days smallint[] not null default '{30,14,7,3,1}',
  grace_days smallint not null default 0 constraint obligation_templates_grace_days check (grace_days between 0 and 365),
  severity text not null default 'medium' constraint obligation_templates_severity check (severity in ('low', 'medium', 'high', 'critical')),
  required_evidence text[] not null default '{}',
  source text not null constraint obligation_templates_source check (source in ('pack', 'tenant')),
  pack text constraint obligation_templates_pack_length check (length(pack) <= 100),
  active boolean not null default true,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint obligation_templates_pkey primary key (tenant_id, id),
  constraint obligation_templates_code unique (tenant_id, code)
);
create index obligation_templates_by_title on app.obligation_templates (tenant_id, title, id);
comment on table app.obligation_templates is 'A rule as an authority wrote it, from which obligations are made.';
call app.isolate_tenant('app.obligation_templates');
grant select, insert, delete on app.obligation_templates to intrex_app;
grant update (category, title, description, authority, citation, jurisdiction, branch_types, recurrence, anchor, lead_days,
              grace_days, severity, required_evidence, active, updated_at, version) on app.obligation_templates to intrex_app;

create table app.obligation_instances (
  tenant_id uuid not null,
  id uuid not null,
  branch_id uuid not null,
  template_id uuid,
  series_id uuid not null,
  series_anchor date not null,
  predecessor_id uuid,
  category text not null constraint obligation_instances_category_length check (length(category) between 1 and 60),
  title text not null constraint obligation_instances_title_length check (length(title) between 1 and 200),
  severity text not null constraint obligation_instances_severity check (severity in ('low', 'medium', 'high', 'critical')),
  state text not null default 'open' constraint obligation_instances_state check (state in ('open', 'completed', 'waived')),
  occurrence_on date not null,
  due_on date not null constraint obligation_instances_due_on check (due_on between '1970-01-01' and '2200-12-31'),
  grace_days smallint not null default 0 constraint obligation_instances_grace_days check (grace_days between 0 and 365),
  lead_days smallint[] not null,
  recurrence text constraint obligation_instances_recurrence_length check (length(recurrence) <= 200),
  anchor text not null default 'schedule' constraint obligation_instances_anchor check (anchor in ('schedule', 'completion')),
  owner_id uuid,
  deputy_id uuid,
  source text not null constraint obligation_instances_source check (source in ('manual', 'template', 'import', 'recurrence')),
  external_id text constraint obligation_instances_external_id_length check (length(external_id) between 1 and 100),
  reference text not null default '' constraint obligation_instances_reference_length check (length(reference) <= 200),
  notes text not null default '' constraint obligation_instances_notes_length check (length(notes) <= 4000),
  completed_at timestamptz,
  completed_on date,
  completed_by uuid,
  completion_note text constraint obligation_instances_completion_note_length check (length(completion_note) <= 1000),
  waived_at timestamptz,
  waived_by uuid,
  waiver_reason text constraint obligation_instances_waiver_reason_length check (length(waiver_reason) between 1 and 1000),
  reminders_from timestamptz not null,
  planned_through date,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint obligation_instances_pkey primary key (tenant_id, id),
  -- The branch is part of the key, so that what hangs on an obligation cannot name another branch than its own.
  constraint obligation_instances_branch_key unique (tenant_id, branch_id, id),
  constraint obligation_instances_external_id unique (tenant_id, external_id),
  -- One completion has one successor, however many people complete at once.
  constraint obligation_instances_one_successor unique (tenant_id, predecessor_id),
  constraint obligation_instances_branch foreign key (tenant_id, branch_id) references app.branches (tenant_id, id) on delete cascade,
  constraint obligation_instances_template foreign key (tenant_id, template_id) references app.obligation_templates (tenant_id, id),
  constraint obligation_instances_owner foreign key (tenant_id, owner_id) references app.people (tenant_id, id),
  constraint obligation_instances_deputy foreign key (tenant_id, deputy_id) references app.people (tenant_id, id),
  constraint obligation_instances_predecessor foreign key (tenant_id, predecessor_id) references app.obligation_instances (tenant_id, id),
  constraint obligation_instances_completion check (
    (state = 'completed') = (completed_at is not null) and (state = 'completed') = (completed_on is not null)
    and (completed_at is not null) >= (completed_by is not null) and (completed_at is not null) >= (completion_note is not null)),
  constraint obligation_instances_waiver check (
    (state = 'waived') = (waived_at is not null) and (state = 'waived') = (waiver_reason is not null)
    and (waived_at is not null) >= (waived_by is not null))
);
create index obligation_instances_by_due on app.obligation_instances (tenant_id, due_on, id);
create index obligation_instances_by_state_due on app.obligation_instances (tenant_id, state, due_on, id);
create index obligation_instances_by_branch_due on app.obligation_instances (tenant_id, branch_id, due_on, id);
create index obligation_instances_by_owner_due on app.obligation_instances (tenant_id, owner_id, due_on, id);
create index obligation_instances_by_deputy_due on app.obligation_instances (tenant_id, deputy_id, due_on, id);
create index obligation_instances_by_series on app.obligation_instances (tenant_id, series_id, due_on);
create index obligation_instances_to_plan on app.obligation_instances (tenant_id, planned_through) where state = 'open';
comment on table app.obligation_instances is
  'Something a branch owes to somebody by a civil date in the branch''s zone. upcoming, due_today and overdue are not '
  'stored: they follow from due_on and today. occurrence_on is the date that the series gave, due_on the one it was '
  'moved to. planned_through: up to which day its reminders stand in the ledger.';
call app.isolate_tenant('app.obligation_instances');
call app.isolate_branch('app.obligation_instances');
grant select, insert on app.obligation_instances to intrex_app;
grant update (template_id, series_anchor, category, title, severity, state, occurrence_on, due_on, grace_days, lead_days, recurrence,
              anchor, owner_id, deputy_id, reference, notes, completed_at, completed_on, completed_by, completion_note, waived_at, waived_by, waiver_reason,
              reminders_from, planned_through, updated_at, version) on app.obligation_instances to intrex_app;

create table app.imports (
  tenant_id uuid not null constraint imports_tenant references app.tenants (id) on delete cascade,
  id uuid not null,
  kind text not null constraint imports_kind check (kind in ('obligations', 'branches')),
  file_name text not null default '' constraint imports_file_name_length check (length(file_name) <= 200),
  file_sha256 bytea not null constraint imports_file_sha256_length check (octet_length(file_sha256) = 32),
  rows integer not null,
  created integer not null,
  updated integer not null,
  unchanged integer not null,
  rejected integer not null,
  actor_id uuid,
  created_at timestamptz not null,
  constraint imports_pkey primary key (tenant_id, id)
);
comment on table app.imports is 'One row an applied import file: what it changed.';
call app.isolate_tenant('app.imports');
grant select, insert on app.imports to intrex_app;
