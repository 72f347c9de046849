-- Places: countries and their parts, where rules hold, where branches are, and whose offices are closed when.

create table app.jurisdictions (
  tenant_id uuid not null constraint jurisdictions_tenant references app.tenants (id) on delete cascade,
  id uuid not null,
  code text not null constraint jurisdictions_code_shape check (code ~ '^[A-Z]{2}(-[A-Z0-9]{1,12}){0,4}$'),
  name text not null constraint jurisdictions_name_length check (length(name) between 1 and 100),
  kind text not null
    constraint jurisdictions_kind check (kind in ('country', 'region', 'district', 'city_corporation', 'zone')),
  weekend text[] constraint jurisdictions_weekend
    check (cardinality(weekend) between 1 and 6 and weekend <@ '{mon,tue,wed,thu,fri,sat,sun}'),
  time_zone text constraint jurisdictions_time_zone_length check (length(time_zone) between 1 and 64),
  pack text constraint jurisdictions_pack_length check (length(pack) between 1 and 100),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint jurisdictions_pkey primary key (tenant_id, id),
  constraint jurisdictions_code unique (tenant_id, code)
);
comment on table app.jurisdictions is
  'A country or a part of one. Its code begins with that of what it is part of: BD-C-DNCC is in BD-C is in BD. weekend: the days '
  'on which offices are closed; null where they are those of what it is part of.';
call app.isolate_tenant('app.jurisdictions');
grant select, insert, delete on app.jurisdictions to intrex_app;
grant update (name, weekend, time_zone, updated_at, version) on app.jurisdictions to intrex_app;

create table app.holidays (
  tenant_id uuid not null,
  jurisdiction_id uuid not null,
  on_date date not null constraint holidays_on_date check (on_date between '1970-01-01' and '2200-12-31'),
  name text not null constraint holidays_name_length check (length(name) between 1 and 100),
  constraint holidays_pkey primary key (tenant_id, jurisdiction_id, on_date),
  constraint holidays_jurisdiction foreign key (tenant_id, jurisdiction_id)
    references app.jurisdictions (tenant_id, id) on delete cascade
);
comment on table app.holidays is 'Days on which a place''s offices are closed beside its weekend, in all of its parts too.';
call app.isolate_tenant('app.holidays');
grant select, insert, delete on app.holidays to intrex_app;

alter table app.branches add column jurisdiction text;
alter table app.branches add constraint branches_jurisdiction
  foreign key (tenant_id, jurisdiction) references app.jurisdictions (tenant_id, code);
alter table app.branches add constraint branches_jurisdiction_country
  check (jurisdiction = country or starts_with(jurisdiction, country || '-'));
create index branches_by_jurisdiction on app.branches (tenant_id, jurisdiction);
comment on column app.branches.jurisdiction is 'The smallest known place that the branch is in; null where none is known.';
grant update (jurisdiction) on app.branches to intrex_app;
