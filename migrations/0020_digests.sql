-- Digests: what is open, once a day or once a week, for whoever wishes it.

create table app.digest_wishes (
  tenant_id uuid not null,
  person_id uuid not null,
  kind text not null constraint digest_wishes_kind check (kind in ('daily', 'weekly')),
  instead boolean not null default false,
  since timestamptz not null,
  constraint digest_wishes_pkey primary key (tenant_id, person_id),
  constraint digest_wishes_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
comment on table app.digest_wishes is
  'Who wishes a digest, and how often; no row: none. instead: it comes in the place of single reminders, as far as the '
  'organisation lets its people leave those out (tenants.opt_outs).';
call app.isolate_tenant('app.digest_wishes');
grant select, insert, delete on app.digest_wishes to intrex_app;
grant update (kind, instead, since) on app.digest_wishes to intrex_app;

create table app.digests (
  tenant_id uuid not null,
  person_id uuid not null,
  kind text not null constraint digests_kind check (kind in ('daily', 'weekly')),
  falls_on date not null,
  made_at timestamptz not null,
  delivery_id uuid,
  obligation_ids uuid[] not null,
  due_on date[] not null,
  more_overdue integer not null default 0,
  more_today integer not null default 0,
  more_coming integer not null default 0,
  constraint digests_pkey primary key (tenant_id, person_id, kind, falls_on),
  constraint digests_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade,
  constraint digests_delivery foreign key (tenant_id, delivery_id) references app.notification_deliveries (tenant_id, id)
    on delete cascade,
  constraint digests_listed check (cardinality(obligation_ids) <= 50 and cardinality(due_on) = cardinality(obligation_ids)),
  constraint digests_something check ((delivery_id is null) = (cardinality(obligation_ids) = 0))
);
create index digests_by_time on app.digests (tenant_id, made_at);
create index digests_by_delivery on app.digests (tenant_id, delivery_id) where delivery_id is not null;
comment on table app.digests is
  'The last digests: one row for each person, kind and civil date in the person''s zone, so that none is sent twice, whatever '
  'becomes of workers and clocks. No delivery: nothing was due. obligation_ids are those that it names, due_on their dates; '
  'more_… counts those that it does not name.';
call app.isolate_tenant('app.digests');
grant select, insert, delete on app.digests to intrex_app;
