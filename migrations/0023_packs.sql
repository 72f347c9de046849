-- Packs: which an organisation has taken over, and what each rule said then.

alter table app.obligation_templates add column taken_over bytea
  constraint obligation_templates_taken_over_length check (octet_length(taken_over) = 32);
alter table app.obligation_templates add column checked_on date;
comment on column app.obligation_templates.taken_over is
  'What its pack''s rule said when it was last taken over, as SHA-256: a template that says something else was changed here.';
comment on column app.obligation_templates.checked_on is 'When somebody last compared the rule of its pack with what it cites.';
grant update (taken_over, checked_on, pack, source) on app.obligation_templates to intrex_app;

create table app.applied_packs (
  tenant_id uuid not null constraint applied_packs_tenant references app.tenants (id) on delete cascade,
  pack text not null constraint applied_packs_pack_length check (length(pack) between 1 and 100),
  version text not null constraint applied_packs_version_length check (length(version) between 1 and 40),
  applied_at timestamptz not null,
  constraint applied_packs_pkey primary key (tenant_id, pack)
);
comment on table app.applied_packs is 'Which version of which pack an organisation has taken over last.';
call app.isolate_tenant('app.applied_packs');
grant select, insert, delete on app.applied_packs to intrex_app;
grant update (version, applied_at) on app.applied_packs to intrex_app;
