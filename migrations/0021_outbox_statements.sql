-- What every change of a delivery cost beside the change itself. A delivery is written again when it is claimed and when it
-- is settled, and each of these writings made a new entry in the index of fingerprints and spelled its notices out to measure
-- them.

create table app.delivery_fingerprints (
  tenant_id uuid not null constraint delivery_fingerprints_tenant references app.tenants (id) on delete cascade,
  fingerprint bytea not null constraint delivery_fingerprints_length check (octet_length(fingerprint) = 32),
  constraint delivery_fingerprints_pkey primary key (tenant_id, fingerprint)
);
comment on table app.delivery_fingerprints is
  'What was staged once: a message has one delivery, whoever stages it, and how often. Written with the delivery, and never again.';
-- The owner is held by the policies too, while it copies.
alter table app.notification_deliveries no force row level security;
insert into app.delivery_fingerprints (tenant_id, fingerprint) select tenant_id, fingerprint from app.notification_deliveries;
alter table app.notification_deliveries force row level security;
call app.isolate_tenant('app.delivery_fingerprints');
call app.keep_until_tenant_leaves('app.delivery_fingerprints');
grant select, insert on app.delivery_fingerprints to intrex_app;

alter table app.notification_deliveries drop constraint notification_deliveries_fingerprint;

-- As they are stored; the program bounds what they say.
alter table app.notification_deliveries drop constraint notification_deliveries_notices;
alter table app.notification_deliveries add constraint notification_deliveries_notices
  check (jsonb_typeof(notices) = 'array' and jsonb_array_length(notices) between 1 and 50 and pg_column_size(notices) <= 400000);
alter table app.delivery_attempts drop constraint delivery_attempts_stages;
alter table app.delivery_attempts add constraint delivery_attempts_stages
  check (jsonb_typeof(stages) = 'array' and pg_column_size(stages) <= 20000);
