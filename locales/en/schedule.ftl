# Why a due date, lead days or grace days were refused: said beside the field.
due-date-error-shape = A date is written YYYY-MM-DD, for example 2026-01-31.
due-date-error-no-such-day = This day is not in the calendar.
due-date-error-out-of-range = A due date lies between { $min } and { $max }.

schedule-error-lead-shape = Lead days are whole numbers parted by commas, for example 30,14,7,3,1.
schedule-error-lead-range = Each lead day lies between 1 and { $lead }.
schedule-error-lead-count = There are at most { $count } lead days.
schedule-error-lead-twice = Each lead day is given once.
schedule-error-grace-range = Grace days lie between 0 and { $grace }.
