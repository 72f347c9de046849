# The reminder ledger on an item's page: when, over what, and why not.
reminder-threshold-before = { $days ->
    [one] 1 day before
   *[other] { $days } days before
}
reminder-threshold-due-day = On the due day
reminder-threshold-overdue = First day overdue
reminder-threshold-escalation = Escalation after the grace days
reminder-threshold-again = Still open

reminder-channel-in-app = Inbox
reminder-channel-email = E-mail

import-look-ahead-applies = A look ahead changes nothing. Leave out dry_run=false.
simulation-too-many = There are more than { $max } reminders in these days. That is more than can be looked at in one piece.
reminder-state-planned = Planned
reminder-state-held = Held until the next hour
reminder-state-sending = Being sent
reminder-state-sent = Sent
reminder-state-suppressed = Not sent
reminder-state-acknowledged = Acknowledged
reminder-state-failed = Failed

reminder-reason-completed = The obligation was completed first.
reminder-reason-waived = The obligation was waived first.
reminder-reason-rescheduled = The obligation was moved to another date.
reminder-reason-answered = Somebody had answered by then.
reminder-reason-opted_out = The person does not want to hear of this outside of Intrex.
reminder-reason-in-digest = It is in the digest that the person has asked for in the place of single reminders.
reminder-reason-changed = The obligation or the people who are told of it were changed.
reminder-reason-past-when-made = Its time had passed when the obligation came to be as it is.
reminder-reason-superseded = A later reminder of the same obligation stands in its place.
reminder-reason-item-closed = The obligation was not open any more.
reminder-reason-recipient-inactive = The recipient's account was not active any more.
reminder-reason-no-mail-configured = No mail server is set up for this installation.
reminder-reason-refused = The mail server refused the recipient or the message.
reminder-reason-gave-up = The last attempt failed as well.
reminder-reason-connector-disabled = The connector that was to carry it was disabled, or was never seen to work.
