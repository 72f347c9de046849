# Why a rule of repetition was refused: said beside the field.
recurrence-error-empty = A repetition needs at least a frequency, for example FREQ=MONTHLY.
recurrence-error-too-long = A repetition has at most { $max } characters.
recurrence-error-character = A repetition has only Latin letters, digits and the signs = ; , + and -.
recurrence-error-shape = Each part of a repetition is written NAME=VALUE, parted by semicolons.
recurrence-error-unknown-part = The parts of a repetition are FREQ, INTERVAL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS and WKST.
recurrence-error-duplicate-part = A part of the repetition is given twice.
recurrence-error-no-frequency = The repetition lacks FREQ: DAILY, WEEKLY, MONTHLY or YEARLY.
recurrence-error-frequency = FREQ is DAILY, WEEKLY, MONTHLY or YEARLY.
recurrence-error-too-often = An obligation is due at most once a day: FREQ is DAILY, WEEKLY, MONTHLY or YEARLY.
recurrence-error-time-of-day = A due date is a day, not a time of day: BYHOUR, BYMINUTE and BYSECOND are not accepted.
recurrence-error-ends = A series never ends by itself: COUNT and UNTIL are not accepted. To end a series, take the repetition off its open item.
recurrence-error-week-or-year-day = BYWEEKNO and BYYEARDAY are not accepted: name months and days with BYMONTH, BYMONTHDAY and BYDAY.
recurrence-error-interval = INTERVAL is a whole number from 1, and at most { $years } years.
recurrence-error-months = BYMONTH lists months from 1 to 12, each once.
recurrence-error-month-days = BYMONTHDAY lists days from 1 to 31, or -1 to -31 from the month's end, each once.
recurrence-error-days = BYDAY lists weekdays (MO, TU, WE, TH, FR, SA, SU), each once, with a number such as 1MO or -1FR only in months (1 to 5) and years (1 to 53).
recurrence-error-positions = BYSETPOS lists positions from 1 to 366, or -1 to -366 from the end, each once.
recurrence-error-week-start = WKST is one weekday: MO, TU, WE, TH, FR, SA or SU.
recurrence-error-daily-parts = FREQ=DAILY takes BYMONTH, BYMONTHDAY and BYDAY only with INTERVAL=1.
recurrence-error-weekly-month-days = FREQ=WEEKLY takes no BYMONTHDAY: use FREQ=MONTHLY.
recurrence-error-weekly-months = FREQ=WEEKLY takes BYMONTH only with INTERVAL up to { $weeks }.
recurrence-error-nothing-to-choose = BYSETPOS chooses among the days of a month or a year: it needs FREQ=MONTHLY or YEARLY and BYMONTH, BYMONTHDAY or BYDAY.
recurrence-error-never = This repetition never happens: no year has such a day.
recurrence-error-too-rare = This repetition could go more than { $years } years without a date, depending on its start: take a smaller INTERVAL, or FREQ=YEARLY with BYMONTH.
