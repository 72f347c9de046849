-- How somebody proves who they are: invitations, sessions, API tokens, counters of failure; and repeated requests.

create table app.invitations (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  token_hash bytea not null constraint invitations_token_hash_length check (octet_length(token_hash) = 32),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint invitations_pkey primary key (tenant_id, id),
  constraint invitations_token unique (tenant_id, token_hash),
  constraint invitations_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index invitations_by_person on app.invitations (tenant_id, person_id);
comment on table app.invitations is 'A single-use link by which somebody sets a password; the token is stored as SHA-256 only.';
call app.isolate_tenant('app.invitations');
grant select, insert, delete on app.invitations to intrex_app;
grant update (used_at) on app.invitations to intrex_app;

create table app.sessions (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  sid_hash bytea not null constraint sessions_sid_hash_length check (octet_length(sid_hash) = 32),
  stage text not null constraint sessions_stage check (stage in ('mfa_setup', 'mfa_verify', 'full')),
  created_at timestamptz not null,
  auth_time timestamptz not null,
  last_seen_at timestamptz not null,
  factor_at timestamptz,
  amr text not null default 'pwd' constraint sessions_amr_length check (length(amr) between 1 and 40),
  absolute_at timestamptz not null,
  revoked_at timestamptz,
  device_id uuid,
  ip text not null default '' constraint sessions_ip_length check (length(ip) <= 64),
  user_agent text not null default '' constraint sessions_user_agent_length check (length(user_agent) <= 300),
  constraint sessions_pkey primary key (tenant_id, id),
  constraint sessions_sid unique (tenant_id, sid_hash),
  constraint sessions_factor check (stage <> 'full' or factor_at is not null),
  constraint sessions_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index sessions_by_person on app.sessions (tenant_id, person_id);
create index sessions_by_end on app.sessions (tenant_id, absolute_at);
comment on table app.sessions is
  'The authority on every session; the cookie only names a row. The sid is stored as SHA-256 only. '
  'factor_at is when the second factor was given last: what is dangerous asks for a fresh one.';
call app.isolate_tenant('app.sessions');
grant select, insert, delete on app.sessions to intrex_app;
grant update (stage, auth_time, last_seen_at, revoked_at) on app.sessions to intrex_app;

create table app.api_tokens (
  tenant_id uuid not null,
  id uuid not null,
  person_id uuid not null,
  name text not null constraint api_tokens_name_length check (length(name) between 1 and 100),
  token_hash bytea not null constraint api_tokens_token_hash_length check (octet_length(token_hash) = 32),
  scopes text[] not null constraint api_tokens_scopes_count check (cardinality(scopes) between 1 and 64),
  networks text[] not null default '{}' constraint api_tokens_networks_count check (cardinality(networks) <= 20),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  refused_at timestamptz,
  revoked_at timestamptz,
  constraint api_tokens_pkey primary key (tenant_id, id),
  constraint api_tokens_token unique (tenant_id, token_hash),
  constraint api_tokens_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index api_tokens_by_person on app.api_tokens (tenant_id, person_id);
comment on table app.api_tokens is
  'A program acting for a person, never with more than that person may do; stored as SHA-256 only. '
  'networks: where it counts; empty means anywhere. refused_at: when it was last told that it was shown elsewhere.';
call app.isolate_tenant('app.api_tokens');
grant select, insert, delete on app.api_tokens to intrex_app;
grant update (last_used_at, refused_at, revoked_at) on app.api_tokens to intrex_app;

create table app.sign_in_counters (
  tenant_id uuid not null constraint sign_in_counters_platform check (tenant_id = '00000000-0000-0000-0000-000000000000'),
  scope text not null constraint sign_in_counters_scope
    check (scope in ('account', 'account_network', 'device', 'network', 'rate', 'factor_rate', 'reset', 'invitation', 'invitations')),
  key_hash bytea not null constraint sign_in_counters_key_length check (octet_length(key_hash) = 32),
  window_from timestamptz not null,
  failures integer not null,
  locks integer not null default 0,
  locked_until timestamptz,
  updated_at timestamptz not null,
  constraint sign_in_counters_pkey primary key (tenant_id, scope, key_hash)
);
create index sign_in_counters_by_age on app.sign_in_counters (tenant_id, updated_at);
comment on table app.sign_in_counters is
  'Failed sign-ins by account, account and network, known device, and network, the rates of requests and of second factors, requested password '
  'resets, and invitations by organisation and address and by organisation. They belong to the platform (nil tenant): an account that does not exist is counted like one that does. Keys are '
  'HMACs; nothing typed is stored.';
call app.isolate_tenant('app.sign_in_counters');
grant select, insert, update, delete on app.sign_in_counters to intrex_app;

create table app.idempotency_keys (
  tenant_id uuid not null,
  actor_id uuid not null,
  route text not null constraint idempotency_keys_route_length check (length(route) <= 200),
  key text not null constraint idempotency_keys_key_length check (length(key) between 1 and 200),
  body_hash bytea not null constraint idempotency_keys_body_hash_length check (octet_length(body_hash) = 32),
  answer text not null constraint idempotency_keys_answer_length check (length(answer) <= 262144),
  created_at timestamptz not null,
  constraint idempotency_keys_pkey primary key (tenant_id, actor_id, route, key)
);
create index idempotency_keys_by_age on app.idempotency_keys (tenant_id, created_at);
comment on table app.idempotency_keys is
  'What a POST with an Idempotency-Key answered, written in its command''s transaction, kept for 24 hours.';
call app.isolate_tenant('app.idempotency_keys');
grant select, insert, delete on app.idempotency_keys to intrex_app;

create table app.csp_reports (
  tenant_id uuid not null constraint csp_reports_platform check (tenant_id = '00000000-0000-0000-0000-000000000000'),
  directive text not null constraint csp_reports_directive_length check (length(directive) <= 60),
  blocked text not null constraint csp_reports_blocked_length check (length(blocked) <= 200),
  page text not null constraint csp_reports_page_length check (length(page) <= 200),
  seen integer not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint csp_reports_pkey primary key (tenant_id, directive, blocked, page)
);
comment on table app.csp_reports is 'Violations of the content security policy as browsers report them, folded by directive, origin and page.';
call app.isolate_tenant('app.csp_reports');
grant select, insert, update, delete on app.csp_reports to intrex_app;
