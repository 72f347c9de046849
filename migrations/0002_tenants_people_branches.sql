-- Who: tenants, their keys, branches, people and where they work.

create table app.tenants (
  id uuid primary key,
  name text not null,
  status text not null default 'active'
    constraint tenants_status check (status in ('active', 'suspended', 'deleting', 'deleted')),
  time_zone text not null default 'UTC' constraint tenants_time_zone_length check (length(time_zone) <= 64),
  lead_days smallint[] not null default '{30,14,7,3,1}',
  session_absolute_hours smallint not null default 168
    constraint tenants_session_absolute check (session_absolute_hours between 1 and 168),
  session_idle_minutes smallint not null default 1440
    constraint tenants_session_idle check (session_idle_minutes between 5 and 1440),
  recovery_code_roles text[] not null default '{head_office_admin,branch_manager,operator}'
    constraint tenants_recovery_code_roles check (recovery_code_roles <@ '{head_office_admin,branch_manager,operator}'),
  dormant_after_days smallint not null default 90
    constraint tenants_dormant_after check (dormant_after_days between 30 and 365),
  suspend_dormant boolean not null default false,
  access_review_months smallint not null default 3
    constraint tenants_access_review check (access_review_months between 0 and 12),
  admin_second_factor text not null default 'any'
    constraint tenants_admin_second_factor check (admin_second_factor in ('any', 'passkey')),
  opt_outs text[] not null default '{obligation.due,obligation.completed,obligation.waived,obligation.rescheduled,obligation.reopened,digest}'
    constraint tenants_opt_outs check (cardinality(opt_outs) <= 20
      and not opt_outs && '{obligation.overdue,obligation.escalated,security.event}'),
  deletion_requested_at timestamptz,
  deletion_requested_by uuid,
  deletion_due_at timestamptz,
  deletion_begun_at timestamptz,
  deletion_requested_in xid8,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  -- Of one that was deleted the id is left, and no name.
  constraint tenants_name_length check (length(name) between 1 and 200 or (status = 'deleted' and name = '')),
  constraint tenants_deletion_request check ((deletion_due_at is null) = (deletion_requested_at is null)
    and (deletion_requested_at is not null) >= (deletion_requested_by is not null)),
  -- Nobody is deleted without a request.
  constraint tenants_deletion_begun check ((deletion_begun_at is not null) = (status in ('deleting', 'deleted'))
    and (deletion_begun_at is null or (deletion_due_at is not null and deletion_due_at <= deletion_begun_at))),
  constraint tenants_deleted check (status <> 'deleted' or (name = '' and deletion_requested_by is null))
);
comment on table app.tenants is
  'An organisation. Everything below it carries its id. deletion_requested_by: the person who asked for it, null for the '
  'operator of the installation; no foreign key, because the person goes before the row does. deletion_requested_in: the '
  'transaction of the request, written by the trigger.';
call app.isolate_tenant('app.tenants', 'id');
call app.open_to_system('app.tenants', 'select');
grant select, insert on app.tenants to intrex_app;
grant update (name, status, time_zone, lead_days, session_absolute_hours, session_idle_minutes, recovery_code_roles,
              dormant_after_days, suspend_dormant, access_review_months, admin_second_factor, opt_outs, deletion_requested_at,
              deletion_requested_by, deletion_due_at, deletion_begun_at, updated_at, version)
  on app.tenants to intrex_app;
grant select (id, status, name, created_at, deletion_due_at) on app.tenants to intrex_system;

create function app.keep_tenant() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if old.status = 'deleted' then
    raise exception 'an organisation that was deleted is changed no more'
      using errcode = 'check_violation', constraint = 'tenants_deleted_for_good';
  end if;
  if old.status = 'deleting' and new.status not in ('deleting', 'deleted') then
    raise exception 'an organisation that is being deleted does not come back'
      using errcode = 'check_violation', constraint = 'tenants_deletion_goes_on';
  end if;
  if (new.deletion_requested_at, new.deletion_due_at) is distinct from (old.deletion_requested_at, old.deletion_due_at) then
    new.deletion_requested_in := case when new.deletion_requested_at is null then null else pg_current_xact_id() end;
  else
    new.deletion_requested_in := old.deletion_requested_in;
  end if;
  if new.status = 'deleting' and old.status <> 'deleting'
     and (new.deletion_requested_in is null or new.deletion_requested_in = pg_current_xact_id()) then
    raise exception 'an organisation is deleted only after an earlier transaction has asked for it'
      using errcode = 'check_violation', constraint = 'tenants_deletion_was_requested';
  end if;
  if new.status = 'deleted' and old.status <> 'deleting' then
    raise exception 'an organisation is emptied before it is gone'
      using errcode = 'check_violation', constraint = 'tenants_deletion_in_steps';
  end if;
  return new;
end
$$;
comment on function app.keep_tenant is
  'How an organisation leaves, step by step: asked for, in a later transaction begun, and then gone for good. One statement of '
  'somebody who has taken the application''s role over deletes none.';
create trigger tenants_leaving before update on app.tenants for each row execute function app.keep_tenant();
alter table app.tenants enable always trigger tenants_leaving;

create table app.data_keys (
  tenant_id uuid not null,
  id uuid not null,
  subject_id uuid,
  wrapped text constraint data_keys_wrapped_length check (length(wrapped) <= 500),
  created_at timestamptz not null,
  erased_at timestamptz,
  constraint data_keys_pkey primary key (tenant_id, id),
  constraint data_keys_erased check ((wrapped is null) = (erased_at is not null))
);
create unique index data_keys_subject on app.data_keys (tenant_id, subject_id) nulls not distinct;
comment on table app.data_keys is
  'Data keys, each wrapped by the installation''s key: one of the tenant (subject_id null), one a person whose personal '
  'data it seals. Erasing a key erases what it seals. No foreign key: the platform (nil tenant) has keys too.';
call app.isolate_tenant('app.data_keys');
grant select, insert on app.data_keys to intrex_app;
grant update (wrapped, erased_at) on app.data_keys to intrex_app;

create table app.branches (
  tenant_id uuid not null constraint branches_tenant references app.tenants (id) on delete cascade,
  id uuid not null,
  code text not null constraint branches_code_length check (length(code) between 1 and 40),
  name text not null constraint branches_name_length check (length(name) between 1 and 200),
  address text not null default '' constraint branches_address_length check (length(address) <= 500),
  city_corporation text not null default '' constraint branches_city_corporation_length check (length(city_corporation) <= 100),
  district text not null default '' constraint branches_district_length check (length(district) <= 100),
  region text not null default '' constraint branches_region_length check (length(region) <= 100),
  country text not null constraint branches_country check (country ~ '^[A-Z]{2}$'),
  type text not null default '' constraint branches_type_length check (length(type) <= 60),
  time_zone text not null constraint branches_time_zone_length check (length(time_zone) between 1 and 64),
  status text not null default 'active' constraint branches_status check (status in ('active', 'closed')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint branches_pkey primary key (tenant_id, id),
  constraint branches_code unique (tenant_id, code)
);
comment on table app.branches is 'A place that owes things: its code, its address down to the city corporation, its time zone.';
call app.isolate_tenant('app.branches');
call app.isolate_branch('app.branches', 'id');
grant select, insert, delete on app.branches to intrex_app;
grant update (code, name, address, city_corporation, district, region, country, type, time_zone, status, updated_at, version)
  on app.branches to intrex_app;

create table app.people (
  tenant_id uuid not null constraint people_tenant references app.tenants (id) on delete cascade,
  id uuid not null,
  email text not null,
  canonical_email text not null constraint people_canonical_email_length check (length(canonical_email) between 3 and 254),
  name text not null constraint people_name_length check (length(name) between 1 and 200),
  role text not null constraint people_role check (role in ('head_office_admin', 'branch_manager', 'operator')),
  status text not null constraint people_status check (status in ('invited', 'active', 'disabled')),
  disabled_by text constraint people_disabled_by check (disabled_by in ('branch_manager', 'head_office', 'system')),
  password_hash text constraint people_password_hash_length check (length(password_hash) <= 200),
  must_change_password boolean not null default false,
  totp_secret text constraint people_totp_secret_length check (length(totp_secret) <= 500),
  totp_confirmed_at timestamptz,
  -- What every reader calls a second factor that is set up.
  mfa_enrolled boolean not null generated always as (totp_confirmed_at is not null) stored,
  totp_last_step bigint,
  factor_wrong integer not null default 0,
  factor_wrong_from timestamptz not null default 'epoch',
  factor_locks integer not null default 0,
  factor_locked_until timestamptz,
  last_sign_in_at timestamptz,
  active_since timestamptz,
  deleted_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint people_email_length check (length(email) between 3 and 254 or (deleted_at is not null and email = '')),
  -- Nothing of somebody who was deleted comes back by a later statement.
  constraint people_deleted check (deleted_at is null or (status = 'disabled' and email = '' and password_hash is null
    and totp_secret is null and last_sign_in_at is null)),
  constraint people_disabled_by_somebody check (disabled_by is null or status = 'disabled'),
  constraint people_pkey primary key (tenant_id, id),
  constraint people_totp_confirmed check (totp_confirmed_at is null or totp_secret is not null)
);
-- One address belongs to one tenant: a sign-in starts from the address alone.
create unique index people_canonical_email on app.people (canonical_email);
create index people_by_name on app.people (tenant_id, name, id);
comment on table app.people is
  'Somebody who signs in. password_hash begins with the id of its pepper; totp_secret is sealed. Of somebody who was deleted '
  'the id and the role stay, so that history has somebody to point at. active_since: when they joined or were enabled last. '
  'factor_…: wrong second factors on devices that the person is not known by. '
  'disabled_by: who has the last word on letting them in again; a branch manager undoes what a branch manager has done.';
call app.isolate_tenant('app.people');
call app.open_to_system('app.people', 'select');
grant select, insert on app.people to intrex_app;
grant update (email, canonical_email, name, role, status, disabled_by, password_hash, must_change_password, totp_secret,
              totp_confirmed_at, totp_last_step, factor_wrong, factor_wrong_from, factor_locks, factor_locked_until,
              last_sign_in_at, active_since, deleted_at,
              updated_at, version)
  on app.people to intrex_app;
grant select (tenant_id, id, canonical_email) on app.people to intrex_system;

create function app.keep_data_key() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op = 'UPDATE' and old.wrapped is null then
    raise exception 'a data key that was erased stays as it is'
      using errcode = 'check_violation', constraint = 'data_keys_erased_for_good';
  end if;
  if new.wrapped is null
     and not exists (select from app.tenants t where t.id = new.tenant_id and t.status in ('deleting', 'deleted'))
     and not exists (select from app.people p
                     where p.tenant_id = new.tenant_id and p.id = new.subject_id and p.deleted_at is not null) then
    raise exception 'a data key is erased with whom it belongs to'
      using errcode = 'check_violation', constraint = 'data_keys_erased_with_holder';
  end if;
  return new;
end
$$;
comment on function app.keep_data_key is
  'A data key is erased when its person was deleted or its organisation is being deleted, and not before: what it seals is lost '
  'with it. The verifier of the audit log asks the same.';
create trigger data_keys_kept before insert or update on app.data_keys
  for each row execute function app.keep_data_key();
alter table app.data_keys enable always trigger data_keys_kept;

create table app.person_branches (
  tenant_id uuid not null,
  person_id uuid not null,
  branch_id uuid not null,
  constraint person_branches_pkey primary key (tenant_id, person_id, branch_id),
  constraint person_branches_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade,
  constraint person_branches_branch foreign key (tenant_id, branch_id) references app.branches (tenant_id, id) on delete cascade
);
create index person_branches_by_branch on app.person_branches (tenant_id, branch_id);
comment on table app.person_branches is
  'The branches a person works for. No branch policy: authentication reads it to learn the scope.';
call app.isolate_tenant('app.person_branches');
grant select, insert, delete on app.person_branches to intrex_app;
