-- Passkeys (WebAuthn) as a second factor beside the authenticator app, and the challenges of ceremonies that have begun.

create table app.passkeys (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  credential_id bytea not null constraint passkeys_credential_id_length check (octet_length(credential_id) between 16 and 1023),
  rp_id text not null constraint passkeys_rp_id_length check (length(rp_id) between 1 and 253),
  name text not null constraint passkeys_name_length check (length(name) between 1 and 100),
  public_key bytea not null constraint passkeys_public_key_length check (octet_length(public_key) between 1 and 2100),
  counter_state bytea not null constraint passkeys_counter_state_length check (octet_length(counter_state) = 7),
  transports smallint not null constraint passkeys_transports check (transports between 0 and 255),
  created_at timestamptz not null,
  last_used_at timestamptz,
  constraint passkeys_pkey primary key (tenant_id, id),
  constraint passkeys_credential unique (tenant_id, credential_id),
  constraint passkeys_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index passkeys_by_person on app.passkeys (tenant_id, person_id);
comment on table app.passkeys is
  'Public keys of authenticators. rp_id is the host that they were made for: under another host they are of no use. '
  'public_key and counter_state are in the encoding of the library that verifies with them; the state holds the signature '
  'counter, which never goes back.';
call app.isolate_tenant('app.passkeys');
grant select, insert, delete on app.passkeys to intrex_app;
grant update (name, counter_state, last_used_at) on app.passkeys to intrex_app;

create table app.passkey_challenges (
  tenant_id uuid not null,
  session_id uuid not null,
  purpose text not null constraint passkey_challenges_purpose check (purpose in ('register', 'sign_in', 'step_up')),
  state bytea not null constraint passkey_challenges_state_length check (octet_length(state) between 1 and 16384),
  expires_at timestamptz not null,
  constraint passkey_challenges_pkey primary key (tenant_id, session_id),
  constraint passkey_challenges_session foreign key (tenant_id, session_id)
    references app.sessions (tenant_id, id) on delete cascade
);
comment on table app.passkey_challenges is
  'What a browser was asked to sign: one a session, removed by the answer whatever it is, gone with the session.';
call app.isolate_tenant('app.passkey_challenges');
grant select, insert, delete on app.passkey_challenges to intrex_app;
grant update (purpose, state, expires_at) on app.passkey_challenges to intrex_app;
