-- Mail about a person's account, and what hangs on it: password resets, changes of address, earlier passwords.

create table app.account_mail (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  kind text not null constraint account_mail_kind_length check (length(kind) between 1 and 40),
  to_address text constraint account_mail_to_address_length check (length(to_address) between 3 and 254),
  token text constraint account_mail_token_length check (length(token) <= 500),
  other_address text constraint account_mail_other_address_length check (length(other_address) between 3 and 254),
  state text not null constraint account_mail_state check (state in ('queued', 'sending', 'sent', 'dropped', 'failed')),
  reason text constraint account_mail_reason_length check (length(reason) between 1 and 40),
  expires_at timestamptz not null,
  next_attempt_at timestamptz not null,
  attempts smallint not null default 0,
  lease_until timestamptz,
  fence bigint not null default 0,
  last_error text constraint account_mail_last_error_length check (length(last_error) <= 1000),
  settled_at timestamptz,
  created_at timestamptz not null,
  constraint account_mail_pkey primary key (tenant_id, id),
  constraint account_mail_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade,
  constraint account_mail_settled check ((state in ('queued', 'sending')) = (settled_at is null)),
  -- What was sent, or never will be, keeps neither a link nor an address.
  constraint account_mail_kept_back check (settled_at is null or (token is null and to_address is null and other_address is null)),
  constraint account_mail_addressed check (settled_at is not null or to_address is not null)
);
create index account_mail_due on app.account_mail (next_attempt_at) where state in ('queued', 'sending');
create index account_mail_due_by_tenant on app.account_mail (tenant_id, next_attempt_at) where state in ('queued', 'sending');
create index account_mail_by_person on app.account_mail (tenant_id, person_id);
create index account_mail_settled on app.account_mail (tenant_id, settled_at);
comment on table app.account_mail is
  'Mail about an account that waits to be sent, written in the transaction of what it tells. The token of a link is sealed '
  'under the tenant''s key and removed with the addresses as soon as the mail is sent or given up.';
call app.isolate_tenant('app.account_mail');
call app.open_to_system('app.account_mail', 'select');
call app.open_to_system('app.account_mail', 'update');
grant select, insert, delete on app.account_mail to intrex_app;
grant update (to_address, token, other_address, state, reason, next_attempt_at, lease_until, last_error, settled_at)
  on app.account_mail to intrex_app;
grant select (tenant_id, id, state, next_attempt_at, lease_until, fence, attempts) on app.account_mail to intrex_system;
grant update (state, lease_until, fence, attempts) on app.account_mail to intrex_system;

create table app.password_resets (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  token_hash bytea not null constraint password_resets_token_hash_length check (octet_length(token_hash) = 32),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint password_resets_pkey primary key (tenant_id, id),
  constraint password_resets_token unique (tenant_id, token_hash),
  constraint password_resets_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index password_resets_by_person on app.password_resets (tenant_id, person_id);
create index password_resets_by_end on app.password_resets (tenant_id, expires_at);
comment on table app.password_resets is
  'A single-use link by which somebody who forgot their password sets another; the token is stored as SHA-256 only.';
call app.isolate_tenant('app.password_resets');
grant select, insert, delete on app.password_resets to intrex_app;
grant update (used_at) on app.password_resets to intrex_app;

create table app.password_history (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  password_hash text not null constraint password_history_password_hash_length check (length(password_hash) <= 200),
  replaced_at timestamptz not null,
  constraint password_history_pkey primary key (tenant_id, id),
  constraint password_history_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index password_history_by_person on app.password_history (tenant_id, person_id, replaced_at desc, id desc);
comment on table app.password_history is 'The hashes of a person''s last passwords, so that none of them is chosen again.';
call app.isolate_tenant('app.password_history');
grant select, insert, delete on app.password_history to intrex_app;

create table app.email_changes (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  session_id uuid not null,
  email text not null constraint email_changes_email_length check (length(email) between 3 and 254),
  canonical_email text not null constraint email_changes_canonical_email_length check (length(canonical_email) between 3 and 254),
  old_token_hash bytea not null constraint email_changes_old_token_hash_length check (octet_length(old_token_hash) = 32),
  new_token_hash bytea not null constraint email_changes_new_token_hash_length check (octet_length(new_token_hash) = 32),
  old_confirmed_at timestamptz,
  new_confirmed_at timestamptz,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  constraint email_changes_pkey primary key (tenant_id, id),
  constraint email_changes_old_token unique (tenant_id, old_token_hash),
  constraint email_changes_new_token unique (tenant_id, new_token_hash),
  constraint email_changes_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index email_changes_by_person on app.email_changes (tenant_id, person_id, created_at);
create index email_changes_by_end on app.email_changes (tenant_id, expires_at);
comment on table app.email_changes is
  'Another address that somebody asked for. It becomes theirs when both addresses have confirmed it; ended_at says that it '
  'did, or that it was given up. session_id is the session that asked, which goes on, by whatever name it has then; no foreign key, because it may end '
  'first.';
call app.isolate_tenant('app.email_changes');
grant select, insert, delete on app.email_changes to intrex_app;
grant update (session_id, old_confirmed_at, new_confirmed_at, ended_at) on app.email_changes to intrex_app;
