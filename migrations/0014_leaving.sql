-- What goes with an organisation that is deleted, and with it alone. In the life of an organisation nobody removes these rows:
-- people are made anonymous, obligations are settled, the ledger ends in a state. The application may delete them only where the
-- organisation of its transaction is being deleted; for everybody else they are not there to be deleted.

create procedure app.keep_until_tenant_leaves(target regclass)
language plpgsql set search_path = pg_catalog as $$
begin
  execute format(
    'create policy tenant_leaving on %s as restrictive for delete to intrex_app using (('
    'select t.status from app.tenants t where t.id = nullif(current_setting(''app.current_tenant'', true), '''')::uuid) = ''deleting'')',
    target);
  execute format('comment on policy tenant_leaving on %s is %L', target,
                 'Rows are removed with their organisation and not before. The status is read once a statement.');
  execute format('grant delete on %s to intrex_app', target);
end
$$;
comment on procedure app.keep_until_tenant_leaves is 'Lets the application remove the rows of an organisation that is being deleted.';

call app.keep_until_tenant_leaves('app.access_review_rows');
call app.keep_until_tenant_leaves('app.access_reviews');
-- What belongs to a branch goes with its row.
call app.keep_until_tenant_leaves('app.branches');
call app.keep_until_tenant_leaves('app.imports');
call app.keep_until_tenant_leaves('app.notification_events');
call app.keep_until_tenant_leaves('app.obligation_instances');
call app.keep_until_tenant_leaves('app.people');
call app.keep_until_tenant_leaves('app.reminder_slots');
call app.keep_until_tenant_leaves('app.security_thresholds');
