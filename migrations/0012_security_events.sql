-- What somebody should look at: security events, the tallies that some of them follow from, and the networks that people
-- sign in from. Rows of the platform (nil tenant) tell of addresses that nobody has, and of networks across organisations.

create table app.security_events (
  tenant_id uuid not null,
  id uuid not null,
  code text not null constraint security_events_code check (code ~ '^[A-Z_]{3,60}$'),
  severity text not null constraint security_events_severity check (severity in ('low', 'medium', 'high')),
  subject text not null constraint security_events_subject_length check (length(subject) <= 80),
  person_id uuid,
  window_from timestamptz not null,
  seen bigint not null constraint security_events_seen check (seen >= 1),
  opened_with bigint not null default 1 constraint security_events_opened_with check (opened_with between 1 and seen),
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  address text not null default '' constraint security_events_address_length check (length(address) <= 64),
  told_at timestamptz,
  mailed_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  constraint security_events_pkey primary key (tenant_id, id),
  constraint security_events_once unique (tenant_id, code, subject, window_from),
  constraint security_events_person foreign key (tenant_id, person_id)
    references app.people (tenant_id, id) on delete set null (person_id),
  constraint security_events_acknowledged_by foreign key (tenant_id, acknowledged_by)
    references app.people (tenant_id, id) on delete set null (acknowledged_by)
);
create index security_events_list on app.security_events (tenant_id, first_seen_at desc, id desc);
create index security_events_open on app.security_events (tenant_id, severity) where acknowledged_at is null;
create index security_events_untold on app.security_events (tenant_id, id) where told_at is null and severity <> 'low';
create index security_events_mailed on app.security_events (tenant_id, code, mailed_at) where mailed_at is not null;
create index security_events_by_window on app.security_events (tenant_id, code, window_from);
create index security_events_by_age on app.security_events (tenant_id, last_seen_at);
create index security_events_by_person on app.security_events (tenant_id, person_id);
create index security_events_by_acknowledger on app.security_events (tenant_id, acknowledged_by);
comment on table app.security_events is
  'What somebody should look at. The same code about the same subject within a window is one row that counts. subject names '
  'a person, a token, a network or an account by id or keyed hash; nothing that was typed is here. address is kept as '
  'LOG_IP_MODE says. opened_with: which sighting opened it, the first or the first after somebody had acknowledged it. '
  'told_at: when the inboxes of the admins had it; mailed_at: when they were written to because of it. No foreign key to tenants: the platform has rows too.';
call app.isolate_tenant('app.security_events');
grant select, insert, delete on app.security_events to intrex_app;
grant update (seen, opened_with, last_seen_at, address, told_at, mailed_at, acknowledged_at, acknowledged_by)
  on app.security_events to intrex_app;

create table app.security_tallies (
  tenant_id uuid not null,
  rule text not null constraint security_tallies_rule check (rule in ('burst', 'spray', 'export')),
  key text not null constraint security_tallies_key_length check (length(key) <= 80),
  member text not null constraint security_tallies_member_length check (length(member) <= 80),
  n bigint not null,
  seen_at timestamptz not null,
  constraint security_tallies_pkey primary key (tenant_id, rule, key, member)
);
create index security_tallies_by_age on app.security_tallies (tenant_id, seen_at);
comment on table app.security_tallies is
  'What the rules of security events count: by minute for sums, by account for how many different ones a network fails at.';
call app.isolate_tenant('app.security_tallies');
grant select, insert, delete on app.security_tallies to intrex_app;
grant update (n, seen_at) on app.security_tallies to intrex_app;

create table app.security_thresholds (
  tenant_id uuid not null constraint security_thresholds_tenant references app.tenants (id) on delete cascade,
  burst_failures integer not null constraint security_thresholds_burst_failures check (burst_failures between 3 and 10000),
  burst_minutes integer not null constraint security_thresholds_burst_minutes check (burst_minutes between 1 and 1440),
  spray_accounts integer not null constraint security_thresholds_spray_accounts check (spray_accounts between 2 and 10000),
  spray_minutes integer not null constraint security_thresholds_spray_minutes check (spray_minutes between 1 and 1440),
  export_rows integer not null constraint security_thresholds_export_rows check (export_rows between 100 and 1000000),
  export_minutes integer not null constraint security_thresholds_export_minutes check (export_minutes between 1 and 1440),
  alternating_minutes integer not null
    constraint security_thresholds_alternating_minutes check (alternating_minutes between 1 and 1440),
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint security_thresholds_pkey primary key (tenant_id)
);
comment on table app.security_thresholds is
  'From when on the rules of security events speak, for organisations that have changed the values that the program has.';
call app.isolate_tenant('app.security_thresholds');
grant select, insert on app.security_thresholds to intrex_app;
grant update (burst_failures, burst_minutes, spray_accounts, spray_minutes, export_rows, export_minutes, alternating_minutes,
              updated_at, version)
  on app.security_thresholds to intrex_app;

create table app.known_networks (
  tenant_id uuid not null,
  person_id uuid not null,
  network bytea not null constraint known_networks_network_length check (octet_length(network) = 17),
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint known_networks_pkey primary key (tenant_id, person_id, network),
  constraint known_networks_person foreign key (tenant_id, person_id) references app.people (tenant_id, id) on delete cascade
);
create index known_networks_by_age on app.known_networks (tenant_id, last_seen_at);
comment on table app.known_networks is
  'Networks that a person has signed in from: the family of addresses (4 or 6) and a keyed hash, which only tells whether '
  'two are the same.';
call app.isolate_tenant('app.known_networks');
grant select, insert, delete on app.known_networks to intrex_app;
grant update (last_seen_at) on app.known_networks to intrex_app;

-- Where a session is used: the network of its last use that was looked at, the one before, and when somebody was told.
alter table app.sessions
  add column network bytea constraint sessions_network_length check (octet_length(network) = 17),
  add column previous_network bytea constraint sessions_previous_network_length check (octet_length(previous_network) = 17),
  add column moved_at timestamptz,
  add column agent_told_at timestamptz;
grant update (network, previous_network, moved_at, agent_told_at) on app.sessions to intrex_app;

-- The inbox tells of security events too: such a message belongs to no branch and to no obligation. It is about so many
-- events of one code, of which it names the first, and goes with that one.
alter table app.notification_events
  add column security_event_id uuid,
  add column event_count integer,
  drop constraint notification_events_type,
  add constraint notification_events_type
    check (type in ('obligation_due', 'obligation_overdue', 'access_review', 'dormant_accounts', 'security')),
  add constraint notification_events_of_security check ((type = 'security') = (security_event_id is not null)),
  add constraint notification_events_event_count
    check ((type = 'security') = (event_count is not null) and coalesce(event_count, 1) >= 1),
  add constraint notification_events_security_alone check (type <> 'security' or
    (branch_id is null and obligation_id is null and slot_id is null and threshold is null and due_on is null)),
  add constraint notification_events_security_event foreign key (tenant_id, security_event_id)
    references app.security_events (tenant_id, id) on delete cascade,
  add constraint notification_events_security_once unique (tenant_id, recipient_id, security_event_id);
create index notification_events_by_security_event on app.notification_events (tenant_id, security_event_id)
  where security_event_id is not null;
grant update (event_count) on app.notification_events to intrex_app;

-- A letter about security events says what was seen, and how many of it.
alter table app.account_mail
  add column code text constraint account_mail_code check (code ~ '^[A-Z_]{3,60}$'),
  add column event_count integer constraint account_mail_event_count check (event_count >= 1),
  add constraint account_mail_of_security check
    ((kind = 'security_alert') = (code is not null) and (code is null) = (event_count is null));
