# What goes out in the next thirty days.

simulator-title = The next 30 days
simulator-lede = Every message that goes out of Intrex if nobody does anything until then, by the same rules by which it is sent. Nothing is sent by looking.
simulator-days = Messages a day
simulator-messages = { $n ->
    [0] No message goes out.
    [one] 1 message goes out.
   *[other] { $n } messages go out.
}
simulator-in-app = { $n ->
    [0] No reminder comes into an inbox in Intrex.
    [one] 1 reminder comes into an inbox in Intrex.
   *[other] { $n } reminders come into inboxes in Intrex.
}
simulator-held = { $n ->
    [one] 1 reminder has to wait for another hour.
   *[other] { $n } reminders have to wait for another hour.
}
simulator-stay = { $n ->
    [one] 1 message stays: its connector is disabled or was never seen to work.
   *[other] { $n } messages stay: their connectors are disabled or were never seen to work.
}
simulator-list = Messages
simulator-shown = The first { $n } are shown.
simulator-none = Nothing goes out.
simulator-none-hint = No reminder of an open obligation falls into the next 30 days, or no route tells of it.
simulator-left-out = Not sent
simulator-stopped = Its connector is disabled or was never seen to work: this message would not go out.
simulator-waited = had to wait
simulator-digest = Digest: { $overdue } overdue, { $today } due that day, { $coming } to come
simulator-change = What changes
simulator-added = { $n ->
    [0] No reminder comes by it.
    [one] 1 reminder comes by it.
   *[other] { $n } reminders come by it.
}
simulator-removed = { $n ->
    [0] None goes.
    [one] 1 goes.
   *[other] { $n } go.
}
simulator-comes = Comes
simulator-goes = Goes
