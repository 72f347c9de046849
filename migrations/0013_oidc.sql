-- Sign-in by an organisation's own identity provider (OpenID Connect): the provider, the domains that lead to it, the
-- people whom it vouches for, and sign-ins that are on their way.

create table app.oidc_providers (
  tenant_id uuid not null constraint oidc_providers_tenant references app.tenants (id) on delete cascade,
  id uuid not null,
  name text not null constraint oidc_providers_name_length check (length(name) between 1 and 100),
  issuer text not null constraint oidc_providers_issuer_length check (length(issuer) between 1 and 300),
  client_id text not null constraint oidc_providers_client_id_length check (length(client_id) between 1 and 255),
  client_secret text not null constraint oidc_providers_client_secret_length check (length(client_secret) between 1 and 2000),
  secret_set_at timestamptz not null,
  enabled_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint oidc_providers_pkey primary key (tenant_id, id),
  constraint oidc_providers_issuer unique (tenant_id, issuer)
);
comment on table app.oidc_providers is
  'An identity provider of the organisation. The issuer is for good, because identities are (issuer, subject): another '
  'issuer is another provider. client_secret is sealed under the organisation''s data key and never shown. Without '
  'enabled_at nobody signs in by it.';
call app.isolate_tenant('app.oidc_providers');
grant select, insert, delete on app.oidc_providers to intrex_app;
grant update (name, client_id, client_secret, secret_set_at, enabled_at, updated_at, version) on app.oidc_providers to intrex_app;

create table app.oidc_domains (
  tenant_id uuid not null,
  id uuid not null,
  provider_id uuid not null,
  domain text not null constraint oidc_domains_domain check (length(domain) between 3 and 253 and domain = lower(domain)),
  challenge text not null constraint oidc_domains_challenge_length check (length(challenge) between 32 and 100),
  created_at timestamptz not null,
  proven_at timestamptz,
  checked_at timestamptz,
  missing_since timestamptz,
  missed smallint not null default 0 constraint oidc_domains_missed check (missed between 0 and 100),
  constraint oidc_domains_pkey primary key (tenant_id, id),
  constraint oidc_domains_domain_once unique (tenant_id, domain),
  constraint oidc_domains_provider foreign key (tenant_id, provider_id) references app.oidc_providers (tenant_id, id) on delete cascade
);
create unique index oidc_domains_proven on app.oidc_domains (domain) where proven_at is not null;
create index oidc_domains_by_provider on app.oidc_domains (provider_id);
comment on table app.oidc_domains is
  'Domains of e-mail addresses that lead to a provider, once a TXT record has shown whose they are. Many may claim a domain, '
  'one can have proven it: a sign-in starts from an address and nothing else. The record is looked for again every day: missed '
  'counts how often in a row it was not there.';
call app.isolate_tenant('app.oidc_domains');
grant select, insert, delete on app.oidc_domains to intrex_app;
grant update (proven_at, checked_at, missing_since, missed) on app.oidc_domains to intrex_app;
-- Whoever signs in has no tenant yet: the way from an address to a provider, and from a provider to its tenant.
call app.open_to_system('app.oidc_domains', 'select');
grant select (tenant_id, domain, provider_id, proven_at) on app.oidc_domains to intrex_system;

create table app.oidc_identities (
  tenant_id uuid not null,
  id uuid not null,
  provider_id uuid not null,
  subject text not null constraint oidc_identities_subject_length check (length(subject) between 1 and 255),
  person_id uuid not null,
  linked_at timestamptz not null,
  last_used_at timestamptz,
  constraint oidc_identities_pkey primary key (tenant_id, id),
  constraint oidc_identities_subject unique (tenant_id, provider_id, subject),
  constraint oidc_identities_person_once unique (tenant_id, provider_id, person_id),
  constraint oidc_identities_provider foreign key (tenant_id, provider_id)
    references app.oidc_providers (tenant_id, id) on delete cascade,
  constraint oidc_identities_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index oidc_identities_by_person on app.oidc_identities (tenant_id, person_id);
comment on table app.oidc_identities is
  'Whom a provider means by a subject. Linked by the person in a session with a fresh second factor, never by an e-mail address.';
call app.isolate_tenant('app.oidc_identities');
grant select, insert, delete on app.oidc_identities to intrex_app;
grant update (last_used_at) on app.oidc_identities to intrex_app;

create table app.oidc_attempts (
  tenant_id uuid not null,
  id uuid not null,
  provider_id uuid not null,
  cookie_hash bytea not null constraint oidc_attempts_cookie_hash_length check (octet_length(cookie_hash) = 32),
  state_hash bytea not null constraint oidc_attempts_state_hash_length check (octet_length(state_hash) = 32),
  nonce_hash bytea not null constraint oidc_attempts_nonce_hash_length check (octet_length(nonce_hash) = 32),
  verifier text not null constraint oidc_attempts_verifier_length check (length(verifier) between 1 and 500),
  session_id uuid,
  next text constraint oidc_attempts_next_length check (length(next) between 1 and 500),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint oidc_attempts_pkey primary key (tenant_id, id),
  constraint oidc_attempts_cookie unique (tenant_id, cookie_hash),
  constraint oidc_attempts_provider foreign key (tenant_id, provider_id)
    references app.oidc_providers (tenant_id, id) on delete cascade,
  constraint oidc_attempts_session foreign key (tenant_id, session_id) references app.sessions (tenant_id, id) on delete cascade
);
create index oidc_attempts_by_end on app.oidc_attempts (tenant_id, expires_at);
create index oidc_attempts_by_session on app.oidc_attempts (tenant_id, session_id);
comment on table app.oidc_attempts is
  'A browser on its way to a provider and back, good for one answer. Cookie, state and nonce are stored as SHA-256, the PKCE '
  'verifier is sealed under the organisation''s data key. With a session_id, that session''s person links an identity.';
call app.isolate_tenant('app.oidc_attempts');
grant select, insert, delete on app.oidc_attempts to intrex_app;
grant update (used_at) on app.oidc_attempts to intrex_app;
