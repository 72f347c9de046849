-- What stands in for an authenticator app, and an app that waits to take the place of another.

create table app.recovery_codes (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  selector text not null constraint recovery_codes_selector check (selector ~ '^[2-9A-HJKMNP-Z]{4}$'),
  code_hash text not null constraint recovery_codes_code_hash_length check (length(code_hash) between 60 and 200),
  created_at timestamptz not null,
  constraint recovery_codes_pkey primary key (tenant_id, id),
  constraint recovery_codes_selector_once unique (tenant_id, person_id, selector),
  constraint recovery_codes_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
comment on table app.recovery_codes is
  'Codes that each stand in once for a second factor; a row is removed when its code is used. The selector, a code''s first four '
  'letters, finds the row, so that one hash is computed a try; the hash is bcrypt under the password pepper, over the whole '
  'code and whose it is.';
call app.isolate_tenant('app.recovery_codes');
grant select, insert, delete on app.recovery_codes to intrex_app;

create table app.pending_factors (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  session_id uuid not null,
  secret text not null constraint pending_factors_secret_length check (length(secret) <= 500),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint pending_factors_pkey primary key (tenant_id, id),
  constraint pending_factors_one_a_person unique (tenant_id, person_id),
  constraint pending_factors_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index pending_factors_by_end on app.pending_factors (tenant_id, expires_at);
create index pending_factors_by_session on app.pending_factors (tenant_id, session_id);
comment on table app.pending_factors is
  'The sealed secret of an authenticator app that takes the place of the present one when a code of it confirms it. Until then '
  'the present one counts. session_id is the session that began it, by whatever name it has; no foreign key, because it may '
  'end first.';
call app.isolate_tenant('app.pending_factors');
grant select, insert, delete on app.pending_factors to intrex_app;
grant update (session_id) on app.pending_factors to intrex_app;
