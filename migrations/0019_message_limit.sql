-- How many messages of reminders one recipient gets over one way in an hour. What is more waits for the next hour and comes as
-- one message.

alter table app.tenants add column messages_an_hour smallint not null default 10
  constraint tenants_messages_an_hour check (messages_an_hour between 1 and 100);
grant update (messages_an_hour) on app.tenants to intrex_app;

alter table app.reminder_slots add column held_at timestamptz;
comment on column app.reminder_slots.held_at is
  'When it was first put off because its recipient had had as many messages in that hour as the organisation allows.';
grant update (held_at) on app.reminder_slots to intrex_app;
