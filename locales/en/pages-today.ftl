# The first page, in its three forms.
today-title = { $date }
today-my-branches = My branches
today-my-work = My work
today-here = { $date } · { $time } in { $place }
today-done = { $title }: completed.
today-overdue = overdue
today-this-week = due this week
today-unowned = without an owner
today-open = open
today-late = Overdue
today-week = This week
today-nobody = Nobody owns it yet
today-all = Show all
today-all-branches = All branches
today-nothing-late = Nothing is overdue.
today-nothing-this-week = Nothing is due within seven days.
today-no-branches = No branches yet
today-no-branches-hint = A branch is a place that owes something by a date: a shop, a clinic, a plant. Begin with one.
today-grid = Branches by category
today-grid-caption = Open obligations by branch and category
today-grid-shown = the worst first, { $shown } of { $n }
today-cell-overdue = { $n } overdue
today-cell-due = { $n } due
today-cell-in-order = in order
today-cell-nothing = nothing owed
today-next-days = Next 30 days
today-ahead = { $n } due, most on { $date }
today-nothing-ahead = nothing is due
today-system = System
today-worker = Background work
today-worker-never = has never run
today-waiting = Reminders waiting
today-waiting-none = none
today-chain = Audit log
today-chain-events = { $n ->
    [0] no events yet
    [one] { $n } event, head { $head }
   *[other] { $n } events, head { $head }
}
today-work-lede = { $overdue } overdue, { $week } due this week
today-tasks = Tasks by due date
today-no-tasks = Nothing waits for you
today-no-tasks-hint = When something is given to you, it stands here with its date.
today-mark-done = Mark done
today-details = Details
today-more-tasks = { $count ->
    [one] One more task
   *[other] { $count } more tasks
}
worker-audit-sequencer = Audit log placed
worker-jobs = Background work
worker-reminders-sender = Reminders
worker-deliveries-sender = Deliveries
