# The words of reminders by e-mail, and of the inbox.
mail-when-due = { $days ->
    [0] Due today
    [one] Due tomorrow
   *[other] Due in { $days } days
}
mail-when-overdue = { $days ->
    [one] Overdue by 1 day
   *[other] Overdue by { $days } days
}
mail-when-escalated = { $days ->
    [one] Escalated, overdue by 1 day
   *[other] Escalated, overdue by { $days } days
}
mail-reminder-subject = { $when }: { $title } · { $branch } ({ $date })
mail-reminder-greeting = Hello { $name },
mail-reminder-due = { $title } is due at { $branch } on { $date }.
mail-reminder-overdue = { $title } was due at { $branch } on { $date } and is not done yet.
mail-reminder-escalated = { $title } was due at { $branch } on { $date }. Its grace days are over and it is not done yet.
mail-reminder-reference = Reference: { $reference }
mail-reminder-open = Open it in Intrex
mail-reminder-answer = Acknowledge it or put it off, without signing in
mail-reminder-why = You get this message because this obligation is yours to do, or because you look after { $branch } at { $tenant }. The date is meant in the time zone of the branch ({ $zone }).
mail-reminder-held = { $n ->
    [one] 1 of these reminders had to wait
   *[other] { $n } of these reminders had to wait
} because you had been sent as many messages in that hour as { $tenant } allows.
mail-reminder-subject-many = { $n } reminders from { $tenant }
mail-reminder-why-many = You get this message because these obligations are yours to do, or because you look after their branches at { $tenant }. Each date is meant in the time zone of its branch.
