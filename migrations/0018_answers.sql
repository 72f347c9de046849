-- What people answer to reminders: that they have it in hand, or not now; and the links by which they do.

alter table app.tenants add column acknowledged_again_days smallint not null default 7
  constraint tenants_acknowledged_again check (acknowledged_again_days between 1 and 60);
grant update (acknowledged_again_days) on app.tenants to intrex_app;

-- A message that its reader has acknowledged, by itself or with the item.
alter table app.notification_events add column acknowledged_at timestamptz;
grant update (acknowledged_at) on app.notification_events to intrex_app;

create table app.acknowledgements (
  tenant_id uuid not null,
  id uuid not null,
  branch_id uuid not null,
  obligation_id uuid not null,
  person_id uuid not null,
  threshold text not null
    constraint acknowledgements_threshold check (threshold ~ '^(before_[0-9]{1,3}|due_day|overdue|escalation)$'),
  due_on date not null,
  via text not null constraint acknowledgements_via check (via in ('app', 'link', 'api')),
  note text not null default '' constraint acknowledgements_note_length check (length(note) <= 500),
  at timestamptz not null,
  again_on date not null,
  constraint acknowledgements_pkey primary key (tenant_id, id),
  constraint acknowledgements_obligation foreign key (tenant_id, branch_id, obligation_id)
    references app.obligation_instances (tenant_id, branch_id, id) on delete cascade,
  constraint acknowledgements_person foreign key (tenant_id, person_id) references app.people (tenant_id, id)
);
create index acknowledgements_by_obligation on app.acknowledgements (tenant_id, obligation_id, at);
comment on table app.acknowledgements is
  'Somebody has an item in hand: reminders of that person up to the threshold are not sent any more. threshold is the most '
  'pressing one that was acknowledged, due_on the date that it was about; on again_on the item comes back if it is still open.';
call app.isolate_tenant('app.acknowledgements');
call app.isolate_branch('app.acknowledgements');
call app.keep_until_tenant_leaves('app.acknowledgements');
grant select, insert on app.acknowledgements to intrex_app;

create table app.snoozes (
  tenant_id uuid not null,
  obligation_id uuid not null,
  person_id uuid not null,
  branch_id uuid not null,
  at timestamptz not null,
  until timestamptz not null,
  constraint snoozes_pkey primary key (tenant_id, obligation_id, person_id),
  constraint snoozes_later check (until > at),
  constraint snoozes_obligation foreign key (tenant_id, branch_id, obligation_id)
    references app.obligation_instances (tenant_id, branch_id, id) on delete cascade,
  constraint snoozes_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
comment on table app.snoozes is
  'Reminders of an item that one person wants later. One that has passed stays: planning again must not bring back what it moved.';
call app.isolate_tenant('app.snoozes');
call app.isolate_branch('app.snoozes');
grant select, insert, delete on app.snoozes to intrex_app;
grant update (at, until) on app.snoozes to intrex_app;

create table app.answer_links (
  tenant_id uuid not null,
  token_hash bytea not null constraint answer_links_hash_length check (octet_length(token_hash) = 32),
  person_id uuid not null,
  obligation_id uuid not null,
  threshold text not null constraint answer_links_threshold_length check (length(threshold) between 1 and 20),
  due_on date not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  answered text constraint answer_links_answered check (answered in ('acknowledged', 'snoozed')),
  constraint answer_links_pkey primary key (tenant_id, token_hash),
  constraint answer_links_used check ((used_at is null) = (answered is null)),
  constraint answer_links_obligation foreign key (tenant_id, obligation_id)
    references app.obligation_instances (tenant_id, id) on delete cascade,
  constraint answer_links_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index answer_links_by_obligation on app.answer_links (tenant_id, obligation_id);
create index answer_links_by_person on app.answer_links (tenant_id, person_id);
create index answer_links_expired on app.answer_links (tenant_id, expires_at);
comment on table app.answer_links is
  'Links in messages by which a reminder is answered once. Only the hash of a token is here; the token is made anew from the '
  'reminder''s id under the installation''s key whenever its message is composed. Without branches: a link is looked up before '
  'it is known whose it is, and the item behind it with the scope of its person.';
call app.isolate_tenant('app.answer_links');
grant select, insert, delete on app.answer_links to intrex_app;
grant update (used_at, answered) on app.answer_links to intrex_app;
