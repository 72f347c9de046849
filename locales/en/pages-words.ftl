# Words that pages are put together from: dates, states, how often. { $n } chooses plural forms.
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
month-short-1 = Jan
month-short-2 = Feb
month-short-3 = Mar
month-short-4 = Apr
month-short-5 = May
month-short-6 = Jun
month-short-7 = Jul
month-short-8 = Aug
month-short-9 = Sep
month-short-10 = Oct
month-short-11 = Nov
month-short-12 = Dec
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
weekday-short-1 = Mon
weekday-short-2 = Tue
weekday-short-3 = Wed
weekday-short-4 = Thu
weekday-short-5 = Fri
weekday-short-6 = Sat
weekday-short-7 = Sun

date-long = { $weekday } { $day } { $month } { $year }
date-short = { $day } { $month }
date-year = { $day } { $month } { $year }
date-time = { $date } { $time }
date-time-zone = { $date } { $time } { $zone }
date-range = { $from } – { $to }

day-today = today
day-tomorrow = tomorrow
day-yesterday = yesterday
day-in = { $n ->
    [one] in { $n } day
   *[other] in { $n } days
}
day-ago = { $n ->
    [one] { $n } day ago
   *[other] { $n } days ago
}
ago-seconds = { $n ->
    [one] { $n } second ago
   *[other] { $n } seconds ago
}
ago-minutes = { $n ->
    [one] { $n } minute ago
   *[other] { $n } minutes ago
}
ago-hours = { $n ->
    [one] { $n } hour ago
   *[other] { $n } hours ago
}

status-upcoming = upcoming
status-due_today = due today
status-overdue = overdue
status-completed = completed
status-waived = waived
status-open = open
state-overdue = { $n ->
    [one] Overdue { $n } day
   *[other] Overdue { $n } days
}
state-due-today = Due today
state-due-tomorrow = Due tomorrow
state-due-in = Due in { $n } days
state-later = In { $n } days
state-completed = Completed { $date }
state-waived = Waived

severity-low = low
severity-medium = medium
severity-high = high
severity-critical = critical

category-trade_license = Trade licence
category-fire_safety = Fire safety
category-tax_vat = Tax / VAT
category-environmental_permit = Environment
category-inspection_renewal = Inspection

source-manual = typed in
source-template = from a template
source-import = from a spreadsheet
source-recurrence = the next of its series

cadence-once = once
cadence-daily = { $n ->
    [one] every day
   *[other] every { $n } days
}
cadence-weekly = { $n ->
    [one] every week
   *[other] every { $n } weeks
}
cadence-weekly-on = { $n ->
    [one] every week on { $days }
   *[other] every { $n } weeks on { $days }
}
cadence-monthly = { $n ->
    [one] every month
   *[other] every { $n } months
}
cadence-monthly-on-day = { $n ->
    [one] every month on day { $day }
   *[other] every { $n } months on day { $day }
}
cadence-monthly-on-last-day = { $n ->
    [one] on the last day of every month
   *[other] on the last day, every { $n } months
}
cadence-monthly-before-end = { $n ->
    [one] every month, { $before } days before its last
   *[other] every { $n } months, { $before } days before the month’s last
}
cadence-monthly-on-weekday = { $n ->
    [one] every month on the { $ordinal } { $weekday }
   *[other] every { $n } months on the { $ordinal } { $weekday }
}
cadence-yearly = { $n ->
    [one] every year
   *[other] every { $n } years
}
cadence-yearly-on = { $n ->
    [one] every year on { $day } { $month }
   *[other] every { $n } years on { $day } { $month }
}
cadence-yearly-on-last-day = { $n ->
    [one] every year on the last day of { $month }
   *[other] every { $n } years on the last day of { $month }
}
cadence-custom = by the rule { $rule }
ordinal-first = first
ordinal-second = second
ordinal-third = third
ordinal-fourth = fourth
ordinal-fifth = fifth
ordinal-last = last
ordinal-second-last = second last
ordinal-third-last = third last
ordinal-fourth-last = fourth last
ordinal-fifth-last = fifth last
list-comma = { $first }, { $next }
list-and = { $first } and { $last }

threshold-before = { $n ->
    [one] Reminder the day before
   *[other] Reminder { $n } days before
}
threshold-due-day = Reminder on the day
threshold-overdue = Overdue reminder
threshold-escalation = Escalation
threshold-again = Reminder that it is still open
