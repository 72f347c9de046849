# Deliveries: what was sent to whom, over what, and what became of it.
deliveries-title = Deliveries
deliveries-lede = Every message that goes to somebody outside, and what became of each attempt.
deliveries-none = No delivery passes this filter.
delivery-title = Delivery
delivery-state = State
delivery-state-waiting = Waiting
delivery-state-sending = Being sent
delivery-state-delivered = Delivered
delivery-state-dead = Given up
delivery-state-cancelled = Not sent
delivery-reason-gave-up = The last attempt failed as well.
delivery-reason-refused = The other side refused the message or its recipient for good.
delivery-reason-gone = The other side says that there is nobody any more.
delivery-reason-connector-disabled = Its connector was disabled or removed.
delivery-reason-connector-unverified = Nobody has seen its connector work for days.
delivery-reason-unsendable = The message could not be put together.
delivery-reason-moot = What it had to tell was settled before it was sent.
delivery-reason-recipient-inactive = The recipient's account was not active any more, or could not see the branch any more.
delivery-reason-no-mail-configured = No mail server is set up for this installation.
delivery-waits-for-verification = It waits until somebody has seen that its connector works.
delivery-waits-for-connector = Its connector fails or has asked to be left alone; it is tried again later.
delivery-own-mail = Mail of this installation
delivery-endpoint = whom the connector names
delivery-to = To
delivery-by = By
delivery-made = Made
delivery-from = From
delivery-until = Until
delivery-any = Any
delivery-filter = Show
delivery-next = Next attempt
delivery-next-at = Next attempt { $when }
delivery-settled = Settled
delivery-receipt = Receipt
delivery-about = About
delivery-more = { $n ->
    [one] and one more
   *[other] and { $n } more
}
delivery-attempts = Attempts
delivery-attempts-none = It was not tried yet, or its attempts are older than 90 days.
delivery-attempt = Attempt { $n }
delivery-attempt-ok = Taken
delivery-attempt-took = { $ms } ms
delivery-answer = What was answered
delivery-retry = Send again
delivery-retried = It is sent again.
delivery-not-dead = Only what was given up can be sent again.
delivery-replay = Send again what was given up
delivery-replay-lede = Count first: nothing is sent before you have seen how many there are. Each keeps its id, so that whoever has had it can tell.
delivery-replay-count = Count
delivery-replay-send = { $n ->
    [one] Send one again
   *[other] Send { $n } again
}
delivery-replay-matched = { $n ->
    [0] Nothing in this range was given up.
    [one] One message in this range was given up.
   *[other] { $n } messages in this range were given up.
}
delivery-replayed = { $n ->
    [one] One message is sent again.
   *[other] { $n } messages are sent again.
}

# What people read of it, by its type.
notice-obligation-due = Due { $date }: { $title } · { $branch }
notice-obligation-overdue = Overdue since { $date }: { $title } · { $branch }
notice-obligation-escalated = Escalated, due { $date }: { $title } · { $branch }
notice-obligation-completed = Completed: { $title } · { $branch }
notice-obligation-waived = Waived: { $title } · { $branch }
notice-obligation-rescheduled = Moved to { $date }: { $title } · { $branch }
notice-obligation-reopened = Open again: { $title } · { $branch }
notice-security-event = Security: { $title }
notice-connector-failing = The connector { $title } fails
notice-connector-disabled = The connector { $title } is disabled
notice-delivery-dead = A message could not be delivered: { $title }
notice-digest = What is due
notice-other = { $type }: { $title }
notice-and-more = { $n ->
    [one] { $first }, and one more
   *[other] { $first }, and { $n } more
}

action-delivery-delivered = Delivered a message
action-delivery-dead = Gave up a message
action-delivery-cancelled = A message was not sent any more
action-delivery-retried = Sent a message again
action-delivery-replayed = Sent messages again
