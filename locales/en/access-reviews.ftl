# Access reviews and dormant accounts.
access-review-note-needed = Say why.
access-review-own = Nobody decides on themselves: ask another head office admin.
access-review-revoked = This access was taken away already. Enable the person among people if they are to have it again.
access-review-finished = This review is finished.
access-review-undecided = { $n ->
    [one] One person is not decided on yet.
   *[other] { $n } people are not decided on yet.
}
access-review-unchanged = { $n ->
    [one] One person who is to have other rights still has the same ones.
   *[other] { $n } people who are to have other rights still have the same ones.
}
action-access_review-started = Access review begun
action-access_review-decided = Access decided on
action-access_review-finished = Access review finished
action-access_review-exported = Access review exported
action-access_review-reminded = Reminded of an access review
action-person-dormant_reported = Dormant accounts told of

access-reviews = Access reviews
access-reviews-hint = Who has access, looked at by a date
access-reviews-lede = A review begins by itself every { $n ->
    [one] month
   *[other] { $n } months
}; there are two weeks for it.
access-reviews-by-hand = Reviews begin when somebody begins them; there are two weeks for each.
access-reviews-none = No review yet
access-reviews-none-hint = A review writes down what everybody has, and asks for each person whether it stays so.
access-review = Access review
access-review-start = Begin a review
access-review-of = Review of { $date }
access-review-due = due { $date }
access-review-is-open = open
access-review-is-overdue = overdue
access-review-is-finished = finished
access-review-summary = { $decided } of { $all } decided
access-review-as-of = Shown is what everybody had on { $when }. To give somebody another role or other branches, decide so here and change the person; taking access away happens at once.
access-review-export = Export as CSV
access-review-finish = Finish the review
access-review-decide = Decide
access-review-yourself = Decided on by somebody else
access-review-decided-by = { $name }, { $when }
access-review-changed = has changed since
access-review-enabled-again = enabled again on { $date }
access-review-last-sign-in = last sign-in: { $when }
access-review-factor = second factor set up
access-review-no-factor = no second factor
access-review-tokens = { $n ->
    [0] no API token
    [one] one API token
   *[other] { $n } API tokens
}
access-review-note-hint = Required unless everything stays. Stands in the audit log.
access-decision-keep = Keep
access-decision-change = Change
access-decision-revoke = Revoke
field-decision = Decision
field-person-id = Person
message-access-review = Access review due { $date }
message-access-review-overdue = The access review due { $date } is overdue
message-access-review-about = Decide for each person whether their access stays
message-dormant = { $n ->
    [one] An account has not been used for a long time
   *[other] { $n } accounts have not been used for a long time
}
message-dormant-about = Look at who they are
today-access-review = Access review
