-- The ground: privileges, and the two procedures by which every later table gets its policies, so that no table can
-- have almost the right ones. Every migration runs as intrex_owner.

alter default privileges for role intrex_owner revoke execute on functions from public;
alter default privileges for role intrex_owner revoke execute on routines from public;
grant usage on schema app to intrex_app, intrex_system;

-- Gives a table the policies of tenant data: row security on and forced, `tenant_isolation` and its restrictive twin for
-- the application, and the same predicate for the owner, so that data migrations run tenant by tenant.
-- `tenant_column` is `tenant_id` everywhere but on `tenants` itself.
create procedure app.isolate_tenant(target regclass, tenant_column name default 'tenant_id')
language plpgsql set search_path = pg_catalog as $$
declare
  predicate text := format('%I = nullif(current_setting(''app.current_tenant'', true), '''')::uuid', tenant_column);
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy tenant_isolation on %s for all to intrex_app using (%s) with check (%s)',
                 target, predicate, predicate);
  execute format('create policy tenant_isolation_strict on %s as restrictive for all to intrex_app using (%s) with check (%s)',
                 target, predicate, predicate);
  execute format('create policy migrate_access on %s for all to intrex_owner using (%s) with check (%s)',
                 target, predicate, predicate);
  execute format('comment on policy tenant_isolation on %s is %L', target,
                 'A row is there only for the tenant that the transaction has set; without a setting there is no row.');
  execute format('comment on policy tenant_isolation_strict on %s is %L', target,
                 'The same predicate, restrictive: a later permissive policy cannot widen access.');
  execute format('comment on policy migrate_access on %s is %L', target,
                 'Row security is forced on the owner too: data migrations set the tenant like everybody else.');
end
$$;
comment on procedure app.isolate_tenant is 'The policies of a table with tenant data.';

-- Adds the branch scope: `app.current_branches` is `*` (head office, the system), or a list of branch ids with commas,
-- or unset, which shows no row. The settings are read in sub-selects, once a statement. It is a CASE because the planner
-- takes half of the rows for one: it took an OR of the same meaning for a hundredth, and then sorted a whole tenant to
-- show fifty rows that an index has in order.
-- `command` is `all`, or `select` where somebody with a narrower scope must still be able to write (the audit log).
create procedure app.isolate_branch(target regclass, branch_column name default 'branch_id', command text default 'all')
language plpgsql set search_path = pg_catalog as $$
declare
  predicate text := format(
    'case (select current_setting(''app.current_branches'', true)) when ''*'' then true else %I = any ((select case '
    'when current_setting(''app.current_branches'', true) in ('''', ''*'') then null '
    'else string_to_array(current_setting(''app.current_branches'', true), '','') end)::uuid[]) end', branch_column);
begin
  if command = 'all' then
    execute format('create policy branch_isolation on %s as restrictive for all to intrex_app using (%s) with check (%s)',
                   target, predicate, predicate);
  else
    execute format('create policy branch_isolation on %s as restrictive for select to intrex_app using (%s)',
                   target, predicate);
  end if;
  execute format('comment on policy branch_isolation on %s is %L', target,
                 'Within the tenant, a row is there only for the branches that the transaction has set.');
end
$$;
comment on procedure app.isolate_branch is 'The branch policy of a table whose rows belong to a branch.';

-- Lets intrex_system see a table across tenants for one command. Each use stands in the list that the catalogue lint
-- compares with (crates/intrex-core/src/db/catalogue.rs).
create procedure app.open_to_system(target regclass, command text)
language plpgsql set search_path = pg_catalog as $$
begin
  execute format('create policy system_access_%s on %s for %s to intrex_system %s %s', command, target, command,
    case when command <> 'insert' then 'using (current_user = ''intrex_system'')' else '' end,
    case when command in ('insert', 'update', 'all') then 'with check (current_user = ''intrex_system'')' else '' end);
  execute format('comment on policy system_access_%s on %s is %L', command, target,
                 'What must look across tenants, column by column by grant: see the list of the catalogue lint.');
end
$$;
comment on procedure app.open_to_system is 'One line of the list of what intrex_system may do.';

create table app.installation (
  only_row boolean primary key default true constraint installation_one_row check (only_row),
  kind text not null constraint installation_kind check (kind in ('production', 'demo')),
  schema_version bigint not null default 0,
  created_at timestamptz not null
);
comment on table app.installation is
  'One row: what this database is. A demo installation refuses to serve anything but the loopback interface. '
  'schema_version is the last migration, for programs that may not read the migrations'' own table.';
grant select on app.installation to intrex_app, intrex_system;

create table app.heartbeats (
  worker text primary key constraint heartbeats_worker_length check (length(worker) between 1 and 100),
  beat_at timestamptz not null,
  succeeded_at timestamptz,
  failing_since timestamptz
);
comment on table app.heartbeats is
  'When each kind of background work last ended a round, and when it last ended one well; holds no tenant data.';
grant select on app.heartbeats to intrex_app;
grant select, insert, update on app.heartbeats to intrex_system;
