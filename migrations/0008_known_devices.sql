-- Devices that somebody has signed in with, both factors given. Failed sign-ins of a known device are counted by
-- themselves, so that a stranger who fails on purpose does not lock the person out.

create table app.known_devices (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  token_hash bytea not null constraint known_devices_token_hash_length check (octet_length(token_hash) = 32),
  created_at timestamptz not null,
  last_used_at timestamptz not null,
  expires_at timestamptz not null,
  factor_wrong integer not null default 0,
  factor_wrong_from timestamptz not null default 'epoch',
  factor_locks integer not null default 0,
  factor_locked_until timestamptz,
  constraint known_devices_pkey primary key (tenant_id, id),
  constraint known_devices_token unique (tenant_id, token_hash),
  constraint known_devices_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index known_devices_by_person on app.known_devices (tenant_id, person_id, last_used_at);
create index known_devices_by_end on app.known_devices (tenant_id, expires_at);
comment on table app.known_devices is
  'Browsers that a person has signed in with. The cookie is stored as SHA-256 only, made anew at each sign-in, and good for '
  'nothing but having failures, of passwords and of second factors, counted apart from those of strangers.';
call app.isolate_tenant('app.known_devices');
grant select, insert, delete on app.known_devices to intrex_app;
grant update (token_hash, last_used_at, expires_at, factor_wrong, factor_wrong_from, factor_locks, factor_locked_until) on app.known_devices to intrex_app;

alter table app.sessions add constraint sessions_device
  foreign key (tenant_id, device_id) references app.known_devices (tenant_id, id) on delete set null (device_id);
create index sessions_by_device on app.sessions (tenant_id, device_id) where device_id is not null;
