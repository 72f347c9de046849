# The pages of obligations.
obligation = Obligation
obligations = Obligations
obligation-title = { $title }
obligation-new = New obligation
obligation-edit = Edit: { $title }
obligation-create = Create the obligation
obligation-due = Due
obligation-details = Details
obligation-what = What is owed
obligation-when = When
obligation-who = Who
obligation-source = Came from
obligation-nobody = Nobody
obligation-somebody = somebody who has left
obligation-owned-by = owner { $name }
obligation-unowned = nobody owns it yet
obligation-reference = reference { $reference }
obligation-pick-branch = Choose a branch
obligation-by-hand = None: fill everything in by hand
obligation-from-template = Start from a template
obligation-from-template-hint = It fills in the fields below; all of them can be changed.
obligation-fill-in = Fill in
obligation-due-hint = A day in the branch’s own time zone.
obligation-category-hint = Used when “another” is chosen.
obligation-reference-hint = The licence or file number, as the authority writes it.
obligation-external-id-hint = Its id in another system, if it has one. Imports find it again by this id.
obligation-recurrence-hint = An RRULE such as FREQ=DAILY;INTERVAL=90. Used when “another” is chosen.
obligation-lead-hint = Days before the due date, for example 30, 14, 7, 3, 1. A reminder goes out on the day and when it is overdue in any case.
obligation-grace-hint = Days after the due date before it escalates.
obligation-grace-until = { $n ->
    [one] { $n } day, until { $date }
   *[other] { $n } days, until { $date }
}
obligation-lead-days = { $days } days before
obligation-no-lead-days = on the day and when overdue
obligation-next-dates = { $count ->
    [one] the next date
   *[other] the next { $count } dates
}
obligation-complete = Mark as completed
obligation-waive = Waive
obligation-waive-title = Waive this obligation
obligation-waive-hint = It is closed without being done.
obligation-reopen = Reopen
obligation-reopen-hint = It will be owed again, and reminded of.
obligation-reschedule = Reschedule
obligation-reschedule-title = Move this obligation alone
obligation-new-date = New due date
obligation-assign = Assign
obligation-reason-hint = Kept in the timeline.
obligation-next-will-be = The next one will be due on { $date }.
obligation-next-from-completion = The next one will be counted from the day on which this one was done.
obligation-next-is-there = The next one was made already.
obligation-next = Next: { $date }
obligation-completed-by = Completed on { $date } by { $name }.
obligation-waived-by = Waived by { $name }.
obligation-completed-meanwhile = { $name } has completed this in the meantime: it was done on { $date }. Nothing of yours was saved; what you had typed is kept below.
obligation-waived-meanwhile = { $name } has waived this in the meantime. Nothing of yours was saved; what you had typed is kept below.
obligation-opened-meanwhile = This is open again already. Nothing of yours was saved; what you had typed is kept below.
obligation-typed = What you had typed
obligation-stale = Somebody changed this in the meantime. What you typed is still here: compare it with the present state, then save it.

obligations-all = All
obligations-open = Open
obligations-overdue = Overdue
obligations-due-today = Due today
obligations-upcoming = Upcoming
obligations-completed = Completed
obligations-waived = Waived
obligations-any = Any
obligations-anyone = Anyone
obligations-words = Words
obligations-caption = Obligations by due date
obligations-active-filters = Active filters
obligations-remove-filter = remove this filter
obligations-none = No obligations yet
obligations-none-hint = An obligation is something that a branch owes to somebody by a date. Write the first one down.
obligations-none-for-you = When something is given to you, it stands here.
obligations-none-found = Nothing matches these filters
obligations-none-found-hint = There may be something if you take a filter off.
obligations-all-settled = Nothing is open
obligations-all-settled-hint = Everything that was owed is completed or waived.
obligations-show-all = Show every status

chip-branch = Branch: { $value }
chip-category = Category: { $value }
chip-severity = Severity: { $value }
chip-owner = Owner: { $value }
chip-template = Of one template
chip-due-from = Due from { $value }
chip-due-to = Due until { $value }
chip-words = “{ $value }”

category-other = Another, as written in the other field
recurrence-other = Another rule, as written in the other field
anchor-schedule = from the schedule
anchor-schedule-hint = The dates of the series stand, whenever it was done.
anchor-completion = from the completion
anchor-completion-hint = The next date counts from the day on which it was done.

field-title = Title
field-branch-id = Branch
field-category = Category
field-category-custom = Another category
field-severity = Severity
field-due-on = Due date
field-due-from = Due from
field-due-to = Due until
field-recurrence = Repeats
field-recurrence-custom = Another rule
field-anchor = Counted
field-lead-days = Reminders
field-grace-days = Grace days
field-owner-id = Owner
field-deputy-id = Deputy
field-external-id = External id
field-reference = Reference
field-notes = Notes
field-note = Note
field-reason = Reason
field-completed-on = Completed on
field-template-id = Template

form-edit = Edit
pages-first = First page

timeline = Timeline
timeline-hint = what comes next, what happened, and why not; times in { $zone }
timeline-by = by { $name }
timeline-moved = from { $from } to { $to }
timeline-next = the next one is due { $date }
timeline-next-reminder = Next: { $what }
timeline-then-reminder = Then: { $what }
timeline-unanswered-reminder = If nobody has answered: { $what }
timeline-to = to { $names } by { $ways }
timeline-sent = sent to { $names } by { $ways }
timeline-held = to { $names } by { $ways }, held because they had been sent as many messages in an hour as the organisation allows
timeline-waits = could not be sent yet, { $n ->
    [one] one attempt
   *[other] { $n } attempts
}; to { $names } by { $ways }
timeline-sending = on its way to { $names } by { $ways }
timeline-not-sent = not sent to { $names } by { $ways }: { $reason }
timeline-failed = could not be delivered to { $names } by { $ways }: { $reason }
timeline-acknowledged = acknowledged by { $names }
timeline-more-names = { $n ->
    [one] one more
   *[other] { $n } more
}
timeline-no-reason = no reason is recorded

timeline-obligation-created = Created
timeline-obligation-updated = Changed
timeline-obligation-completed = Completed
timeline-obligation-waived = Waived
timeline-obligation-reopened = Reopened
timeline-obligation-rescheduled = Rescheduled

action-obligation-created = Obligation created
action-obligation-updated = Obligation changed
action-obligation-completed = Obligation completed
action-obligation-waived = Obligation waived
action-obligation-reopened = Obligation reopened
action-obligation-rescheduled = Obligation rescheduled

actor-person = somebody who has left
actor-token = a program
actor-worker = background work
actor-operator = the operator of the installation
actor-anonymous = somebody unknown
actor-on-behalf = a program of { $name }
