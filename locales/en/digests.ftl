# Digests: what is open, once a day or once a week.
digest-title-daily = Daily digest, { $date }
digest-title-weekly = Weekly digest, { $date }
digest-subject-daily = Daily digest: { $counts } · { $tenant }
digest-subject-weekly = Weekly digest: { $counts } · { $tenant }
digest-count-overdue = { $n } overdue
digest-count-today = { $n } due today
digest-count-coming = { $n } in the next { $days } days
digest-group-overdue = Overdue ({ $n })
digest-group-today = Due today ({ $n })
digest-group-coming = In the next { $days } days ({ $n })
digest-line = { $title } · { $branch }
digest-line-when = { $date }, { $when }
digest-more = { $n ->
    [one] And one more
   *[other] And { $n } more
}
digest-all = All of them in Intrex
digest-why-daily = You get this every day at { $time } ({ $zone }), because you have asked for it at { $tenant }. Each date is meant in the time zone of its branch.
digest-why-weekly = You get this every Monday at { $time } ({ $zone }), because you have asked for it at { $tenant }. Each date is meant in the time zone of its branch.
digest-change = Change or end it

digest-none = None
digest-daily = Every day
digest-weekly = Every Monday
digest-heading = Digest
digest-hint = What you have to do, in one mail at { $time } ({ $zone }): overdue, due today, and in the next 7 days; the weekly one looks 30 days ahead. When there is nothing, nothing is sent.
digest-as-well = They come as well
digest-instead = The digest comes in their place
digest-instead-hint = What a digest names in time is then not sent singly. What is overdue, escalated or critical always is.
digest-instead-not-let = Single reminders come as well: your organisation does not let its people leave them out.
digest-opted-out-too = You have said that you do not want digests. Take that back, or choose none.

field-digest = How often
field-digest-instead = Single reminders

action-digest-staged = Made a digest
