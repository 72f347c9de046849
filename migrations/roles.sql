-- The roles of an installation and the ground rules of its database. Run once by an administrator (`intrex migrate`
-- with DATABASE_ADMIN_URL, or the private server at its first start); every statement may be repeated. Passwords are
-- not set here: the program that runs this file sets them from its configuration.
do $$
begin
  if not exists (select from pg_roles where rolname = 'intrex_owner') then
    create role intrex_owner nologin nosuperuser nobypassrls nocreatedb nocreaterole noreplication;
  end if;
  if not exists (select from pg_roles where rolname = 'intrex_migrate') then
    create role intrex_migrate login noinherit nosuperuser nobypassrls nocreatedb nocreaterole noreplication;
  end if;
  if not exists (select from pg_roles where rolname = 'intrex_app') then
    create role intrex_app login nosuperuser nobypassrls nocreatedb nocreaterole noreplication connection limit -1;
  end if;
  if not exists (select from pg_roles where rolname = 'intrex_system') then
    create role intrex_system login nosuperuser nobypassrls nocreatedb nocreaterole noreplication;
  end if;
  if not exists (select from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles u on u.oid = m.member
                 where r.rolname = 'intrex_owner' and u.rolname = 'intrex_migrate') then
    grant intrex_owner to intrex_migrate;
  end if;
  -- BYPASSRLS can be given by a superuser only; without one, backups are arranged by whoever runs the server.
  if not exists (select from pg_roles where rolname = 'intrex_backup')
     and (select rolsuper from pg_roles where rolname = current_user) then
    create role intrex_backup login nosuperuser bypassrls nocreatedb nocreaterole noreplication;
    grant pg_read_all_data to intrex_backup;
    alter role intrex_backup set default_transaction_read_only = on;
  end if;
end
$$;

-- A client that vanishes must not keep a transaction, a lock or the snapshot horizon (see the audit log's sequencer).
alter role intrex_app set statement_timeout = '20s';
alter role intrex_app set lock_timeout = '10s';
alter role intrex_app set idle_in_transaction_session_timeout = '30s';
alter role intrex_app set search_path = app;
alter role intrex_system set statement_timeout = '60s';
alter role intrex_system set lock_timeout = '10s';
alter role intrex_system set idle_in_transaction_session_timeout = '30s';
alter role intrex_system set search_path = app;

do $$
begin
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to intrex_migrate, intrex_app, intrex_system', current_database());
  if not exists (select from pg_namespace where nspname = 'app') then
    if not pg_has_role(current_user, 'intrex_owner', 'member') then
      execute format('grant intrex_owner to %I', current_user);
    end if;
    execute format('grant create on database %I to intrex_owner', current_database());
    create schema app authorization intrex_owner;
    execute format('revoke create on database %I from intrex_owner', current_database());
  end if;
end
$$;
revoke all on schema public from public;
