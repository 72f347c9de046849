-- Access reviews: what an organisation owes to itself. Who has access is looked at person by person, by a date.

create table app.access_reviews (
  tenant_id uuid not null constraint access_reviews_tenant references app.tenants (id) on delete cascade,
  id uuid not null,
  due_on date not null,
  started_at timestamptz not null,
  started_by uuid,
  reminded_on date not null,
  finished_at timestamptz,
  finished_by uuid,
  constraint access_reviews_pkey primary key (tenant_id, id),
  constraint access_reviews_started_by_person foreign key (tenant_id, started_by) references app.people (tenant_id, id),
  constraint access_reviews_finished_by_person foreign key (tenant_id, finished_by) references app.people (tenant_id, id),
  constraint access_reviews_finished check ((finished_at is not null) >= (finished_by is not null))
);
-- One at a time, however many begin it at the same moment.
create unique index access_reviews_one_open on app.access_reviews (tenant_id) where finished_at is null;
create index access_reviews_by_start on app.access_reviews (tenant_id, started_at desc, id desc);
comment on table app.access_reviews is
  'A look at everybody''s access, and the date by which it is due. started_by is null if it began by itself; reminded_on is when '
  'head office was told of it last.';
call app.isolate_tenant('app.access_reviews');
grant select, insert on app.access_reviews to intrex_app;
grant update (reminded_on, finished_at, finished_by) on app.access_reviews to intrex_app;

create table app.access_review_rows (
  tenant_id uuid not null,
  review_id uuid not null,
  person_id uuid not null,
  role text not null constraint access_review_rows_role check (role in ('head_office_admin', 'branch_manager', 'operator')),
  branch_ids uuid[] not null,
  status text not null constraint access_review_rows_status check (status in ('invited', 'active')),
  mfa_enrolled boolean not null,
  last_sign_in_at timestamptz,
  token_count integer not null,
  decision text constraint access_review_rows_decision check (decision in ('keep', 'change', 'revoke')),
  note text not null default '' constraint access_review_rows_note_length check (length(note) <= 1000),
  decided_at timestamptz,
  decided_by uuid,
  enabled_again_at timestamptz,
  constraint access_review_rows_pkey primary key (tenant_id, review_id, person_id),
  constraint access_review_rows_review foreign key (tenant_id, review_id)
    references app.access_reviews (tenant_id, id) on delete cascade,
  constraint access_review_rows_person foreign key (tenant_id, person_id) references app.people (tenant_id, id),
  constraint access_review_rows_decided_by_person foreign key (tenant_id, decided_by) references app.people (tenant_id, id),
  constraint access_review_rows_not_oneself check (decided_by is null or decided_by <> person_id),
  constraint access_review_rows_decided check (
    (decision is null) = (decided_at is null) and (decided_at is not null) >= (decided_by is not null)),
  constraint access_review_rows_enabled_again check (enabled_again_at is null or decision = 'revoke')
);
create index access_review_rows_by_person on app.access_review_rows (tenant_id, person_id);
comment on table app.access_review_rows is
  'What somebody had when the review began, and what was decided. Names and addresses are not copied: they are the person''s, and '
  'go with them. enabled_again_at: head office has let somebody in again whose access was revoked. No branch policy: only head '
  'office looks.';
call app.isolate_tenant('app.access_review_rows');
grant select, insert on app.access_review_rows to intrex_app;
grant update (decision, note, decided_at, decided_by, last_sign_in_at, enabled_again_at) on app.access_review_rows to intrex_app;

-- Since when an account is known to be dormant, so that it is told of once.
alter table app.people add column dormant_told_at timestamptz;
grant update (dormant_told_at) on app.people to intrex_app;

-- The inbox tells of reviews and of dormant accounts too: such a message belongs to no branch and to no obligation.
alter table app.notification_events
  alter column branch_id drop not null,
  alter column obligation_id drop not null,
  alter column slot_id drop not null,
  alter column threshold drop not null,
  alter column due_on drop not null,
  add column review_id uuid,
  add column account_count integer,
  drop constraint notification_events_type,
  add constraint notification_events_type
    check (type in ('obligation_due', 'obligation_overdue', 'access_review', 'dormant_accounts')),
  add constraint notification_events_of_obligation check (type not like 'obligation%' or
    (branch_id is not null and obligation_id is not null and slot_id is not null and threshold is not null and due_on is not null)),
  add constraint notification_events_of_access check (type not in ('access_review', 'dormant_accounts') or
    (branch_id is null and obligation_id is null and slot_id is null and threshold is null)),
  add constraint notification_events_of_review check ((type = 'access_review') = (review_id is not null)),
  add constraint notification_events_of_accounts check ((type = 'dormant_accounts') = (account_count is not null)),
  add constraint notification_events_review foreign key (tenant_id, review_id)
    references app.access_reviews (tenant_id, id) on delete cascade;
