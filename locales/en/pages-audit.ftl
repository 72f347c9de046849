# The page of the audit log. What was done is worded by its name: action-obligation-completed.
audit-lede = { $n ->
    [one] One event in one chain; nothing in it can be changed or removed unseen.
   *[other] { $n } events in one chain; nothing in it can be changed or removed unseen.
}
audit-verify = Verify now
audit-intact = { $n ->
    [one] Verified: one event. Head:
   *[other] Verified: all { $n } events. Head:
}
audit-broken = The chain is broken:
audit-broken-at = The chain is broken at event { $seq }:
audit-events = Events
audit-caption = Audit events, newest first
audit-newest-first = Newest first
audit-older = Older
audit-number = No.
audit-what = What
audit-when = When ({ $zone })
audit-who = Who
audit-outcome = Outcome
audit-hash = Hash
audit-anything = Anything
audit-none = No events here
audit-none-hint = Everything that changes something is told here, by whom and when.
field-from = From
field-to = Until
field-entity-id = Id of the thing

outcome-success = done
outcome-failure = failed
outcome-denied = refused

action-audit-read = Audit log read
action-branch-created = Branch created
action-branch-updated = Branch changed
action-branch-closed = Branch closed
action-branch-reopened = Branch opened again
action-import-applied = Spreadsheet imported
action-notification-read = Message read
action-notification-all_read = All messages read
action-person-invited = Person invited
action-person-reinvited = Person invited again
action-person-joined = Person joined
action-person-updated = Person changed
action-person-disabled = Person disabled
action-person-enabled = Person enabled
action-person-mfa_reset = Second factor reset
action-person-unlocked = Account unlocked
action-session-password_accepted = Password accepted
action-session-started = Signed in
action-session-ended = Session ended
action-job-dropped = Background work given up
action-reminder-planned = Reminders planned
action-reminder-sent = Reminder sent
action-reminder-suppressed = Reminders not sent
action-reminder-failed = Reminder could not be delivered
action-template-created = Template created
action-template-updated = Template changed
action-template-retired = Template retired
action-tenant-created = Organisation created
action-token-created = API token created
action-token-revoked = API token revoked
action-AUTH_LOCKOUT_TRIGGERED = Account locked
action-LOGIN_FAILURE = Sign-in refused
action-LOGIN_RATE_LIMIT_BLOCK = Too many sign-ins refused
