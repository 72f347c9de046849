-- Connectors: the ways to somebody outside that an organisation owns, and their secrets.

create table app.connectors (
  tenant_id uuid not null constraint connectors_tenant references app.tenants (id) on delete cascade,
  id uuid not null,
  type text not null constraint connectors_type check (type in ('email_smtp', 'telegram_bot', 'whatsapp_business', 'webhook')),
  name text not null constraint connectors_name_length check (length(name) between 1 and 100),
  status text not null constraint connectors_status check (status in ('pending_verification', 'active', 'error', 'disabled')),
  config jsonb not null constraint connectors_config_length check (length(config::text) between 2 and 40000),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  last_verified_at timestamptz,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  failing_since timestamptz,
  failures integer not null default 0 constraint connectors_failures check (failures >= 0),
  parked_until timestamptz,
  last_error text constraint connectors_last_error_length check (length(last_error) between 1 and 100),
  disabled_reason text constraint connectors_disabled_reason check (disabled_reason in ('by_hand', 'gone', 'failing')),
  notices smallint not null default 0 constraint connectors_notices check (notices between 0 and 10),
  probes_since timestamptz,
  probes smallint not null default 0 constraint connectors_probes check (probes between 0 and 1000),
  removed_at timestamptz,
  constraint connectors_pkey primary key (tenant_id, id),
  constraint connectors_disabled check ((status = 'disabled') = (disabled_reason is not null)),
  constraint connectors_removed check (removed_at is null or status = 'disabled')
);
create unique index connectors_name on app.connectors (tenant_id, lower(name)) where removed_at is null;
comment on table app.connectors is
  'A way to somebody outside. config has nothing secret; last_error is a word of ours, never what the other side said. '
  'failing_since, failures, parked_until and notices belong to whoever sends. A removed one stays, without its secrets, '
  'because what was sent by it points at it.';
call app.isolate_tenant('app.connectors');
call app.keep_until_tenant_leaves('app.connectors');
grant select, insert on app.connectors to intrex_app;
grant update (name, status, config, updated_at, version, last_verified_at, last_success_at, last_failure_at, failing_since, failures,
              parked_until, last_error, disabled_reason, notices, probes_since, probes, removed_at)
  on app.connectors to intrex_app;

create table app.connector_secrets (
  tenant_id uuid not null,
  connector_id uuid not null,
  name text not null
    constraint connector_secrets_name check (name in ('signing_secret', 'authorization', 'password', 'token', 'access_token')),
  generation text not null constraint connector_secrets_generation check (generation in ('current', 'next')),
  sealed text not null constraint connector_secrets_sealed_length check (length(sealed) between 1 and 8000),
  set_at timestamptz not null,
  constraint connector_secrets_pkey primary key (tenant_id, connector_id, name, generation),
  constraint connector_secrets_connector foreign key (tenant_id, connector_id)
    references app.connectors (tenant_id, id) on delete cascade
);
create index connector_secrets_next on app.connector_secrets (tenant_id, set_at) where generation = 'next';
comment on table app.connector_secrets is
  'What connectors prove themselves with, sealed under the organisation''s data key for its connector and its name, and never '
  'shown. A next one stands beside the current one while the receiver changes over.';
call app.isolate_tenant('app.connector_secrets');
grant select, insert, delete on app.connector_secrets to intrex_app;
grant update (sealed, set_at) on app.connector_secrets to intrex_app;
