# The inbox.
messages-unread = { $n ->
    [0] Everything is read
    [one] One message not read
   *[other] { $n } messages not read
}
messages-mark-all = Mark all as read
messages-kinds = Which messages
messages-not-read = Not read
messages-all = All
messages-none = No messages yet
messages-none-unread = Everything is read
messages-none-hint = Reminders of what you own, and of what is overdue in your branches, arrive here.
message-due = { $title }, { $branch }
message-overdue = Overdue: { $title }, { $branch }
message-about = { $why } · due { $date } · { $severity }
message-not-read = not read
message-mark = Mark as read
nav-search = Search obligations, references
messages-to-acknowledge = To acknowledge
messages-none-to-acknowledge = Nothing waits for a word from you
messages-selected = What to do with the messages that are ticked
messages-acknowledge-selected = Acknowledge selected
messages-snooze-until = Put off until
messages-snooze-selected = Snooze selected
message-choose = Choose { $title }
message-acknowledge = Acknowledge
message-acknowledged = Acknowledged on { $when }
message-snoozed = Put off until { $when }
snooze-1h = 1 hour
snooze-tomorrow = Tomorrow at 9:00
snooze-3d = 3 days
snooze-next-week = Monday at 9:00
