# The page of the audit log. What was done is worded by its name: action-obligation-completed.
audit-lede = { $n ->
    [one] One event. Each is chained to the one before it, so that a change, a removal or a swap shows when the chain is verified.
   *[other] { $n } events. Each is chained to the one before it, so that a change, a removal or a swap shows when the chain is verified.
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
action-person-imported = Person imported
action-person-updated = Person changed
action-person-disabled = Person disabled
action-person-enabled = Person enabled
action-person-mfa_reset = Second factor reset
action-person-unlocked = Account unlocked
action-person-password_change_required = Another password required
action-person-email_changed = E-mail address changed
action-password-changed = Password changed
action-password-reset_requested = Link for another password asked for
action-password-reset = Password set by a link
action-email-change_requested = Another e-mail address asked for
action-email-change_confirmed = Another e-mail address agreed to
action-email-change_refused = Another e-mail address refused
action-account_mail-sent = Mail about an account sent
action-account_mail-dropped = Mail about an account left out
action-account_mail-failed = Mail about an account failed
action-mfa-enrolment_begun = Second factor begun
action-mfa-enrolled = Second factor set up
action-mfa-replacement_begun = Another authenticator app begun
action-mfa-replaced = Authenticator app replaced
action-mfa-recovery_codes_made = Recovery codes made
action-mfa-recovery_code_used = Recovery code used
action-MFA_VERIFY_FAILED = Wrong code
action-keys-second_factors_resealed = Second factors sealed under another key
action-keys-data_keys_rewrapped = Data keys wrapped under another key
action-installation-looked_at = Looked at by the operator of the installation
action-job-dropped = Background work given up
action-reminder-planned = Reminders planned
action-reminder-sent = Reminder sent
action-reminder-failed = Reminder failed
action-reminder-suppressed = Reminder left out
action-session-password_accepted = Password accepted
action-session-started = Signed in
action-session-ended = Session ended
action-session-others_ended = Other sessions ended
action-session-new_device = Signed in on a new device
action-session-stepped_up = Password and code given again
action-template-created = Template created
action-template-updated = Template changed
action-template-retired = Template retired
action-tenant-created = Organisation created
action-tenant-updated = Organisation changed
action-tenant-suspended = Organisation suspended
action-tenant-resumed = Organisation resumed
action-token-created = API token created
action-token-revoked = API token revoked
action-token-refused_network = API token refused outside its networks
action-AUTH_LOCKOUT_TRIGGERED = Account locked
action-AUTH_LOCKOUT_CLEARED = Lock ended
action-LOGIN_FAILURE = Sign-in refused
action-LOGIN_RATE_LIMIT_BLOCK = Too many sign-ins refused
