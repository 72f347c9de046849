# Routes: who is told of what, by which way; and what people would rather not be told.
settings-routes = Routes
settings-routes-hint = Who is told of what, by which way
settings-notifications = Notifications
settings-notifications-hint = What you are not told by mail, and your digest

routes-lede = A route says who is told of what, by which way. All that match apply. Reminders and security events are in the inbox of Intrex in any case; what happens to items is on their pages.
routes-none = There is no route of your own yet.
routes-built-in = Until you add one, the built-in route serves: whoever has an item in hand is told by mail before it is due and on the day, and branch managers and head office are told when it is late and nothing has happened. Your first route takes its place.
routes-all-inactive = None of your routes is in use: nobody is told anything outside of Intrex.
route-new = Add a route
route-change = Change the route
route-save = Save the route
route-preview = Look back and ahead 30 days
route-preview-total = { $n ->
    [0] In the last 30 days this would have matched nothing.
    [one] In the last 30 days this would have matched one event.
   *[other] In the last 30 days this would have matched { $n } events.
}
route-preview-how = Reminders are counted as they were told to anybody, by today's severity and branch; what happened to items, connectors and messages as the audit log has it. Quiet hours and opt-outs are not looked at.
route-preview-not-known = Not counted, because it is not recorded: { $events }.
route-remove = Remove
route-remove-one = Remove a route
route-remove-detail = What was planned by it and not sent is withdrawn. After the last route the built-in one serves again.
route-what = What is told
route-who = Who is told, and how
route-recipient-hint = Mail goes to people. A webhook, Telegram and WhatsApp go to whom the connector itself names. A digest goes to whoever has asked for one: its route says by which mail server, and when nobody is disturbed.
route-person-hint = If one person is told. They are, as long as they can see the branch; of what is about no branch head office alone is told.
route-no-person = Nobody in particular
route-quiet = Quiet hours
route-quiet-hint = By the clock of the branch. What falls into them waits for their end; if they end earlier than they begin, that is the next day.
route-quiet-days-hint = The days on which they begin. No day ticked: every day.
route-escalation = If nobody answers
route-escalation-hint = Hours after a reminder, 1 to 720. Whoever acknowledges or completes the item has answered.
route-escalates-to-nobody = Nobody else
route-active = In use
route-inactive = Not in use
route-not-there = somebody or something that is not here any more
route-all-branches = All branches
route-own-mail = The installation's own mail
route-any-severity = any severity
route-severity-and-above = { $severity } and above
route-to-responsible = Responsible people
route-to-branch_managers = Branch managers
route-to-head_office = Head office
route-to-person = One person
route-to-endpoint = Whom the connector names
route-sentence = { $events } · { $severity } · { $branches } → { $who } ({ $way })
route-sentence-quiet = not { $from }–{ $to }
route-sentence-quiet-days = not { $from }–{ $to } ({ $days })
route-sentence-escalation = after { $hours } h unanswered also { $who }

event-obligation-due = Due soon, or today
event-obligation-overdue = Overdue
event-obligation-escalated = Escalated
event-obligation-completed = Completed
event-obligation-waived = Waived
event-obligation-rescheduled = Moved to another day
event-obligation-reopened = Opened again
event-security-event = Security event
event-connector-failing = A connector fails
event-connector-disabled = A connector was disabled
event-delivery-dead = A message was given up
event-digest = Digest

field-active = State
field-event-types = Events
field-min-severity = Severity
field-connector-id = Way
field-recipient = Who
field-quiet-from = From
field-quiet-to = To
field-quiet-days = Days
field-escalate-after-hours = After hours
field-escalate-to = Also tell
field-opted-out = Do not tell me
field-opt-outs = People may opt out of

preferences-lede = Your inbox in Intrex has every reminder. Here you say what you would rather not be told outside of it.
preferences-what = What you may leave out
preferences-hint = What is critical is told all the same.
preferences-none = Your organisation does not let its people leave anything out.
preferences-always = What you are always told
preferences-saved = Saved.
field-acknowledged-again-days = Days until an acknowledged obligation comes back
organisation-again-hint = Who has acknowledged an obligation that is still open then is reminded of it again: 1 to 60.
field-messages-an-hour = Messages a person is sent in an hour
organisation-messages-hint = Of reminders, over each way: 1 to 100. More come as one message in the next hour; what is critical or escalated comes at once.
organisation-opt-outs = Notifications
organisation-opt-outs-hint = By mail and the like; the inbox has every reminder. What is critical, overdue or escalated is always told.
organisation-opt-outs-nothing = Nothing

route-too-many = You have { $max } routes, and that is the most. Remove one first.
route-not-a-time = Give a time as HH:MM, such as 22:00.
route-quiet-leaves-no-time = That is quiet at every hour of every day. Leave some time.
route-person-of-another-recipient = Only a route to one person names a person.
route-digest-to-nobody = A digest is a person’s: a program or a chat is told everything singly. Leave digests out, or send them to people.
route-endpoint-escalates-to-nobody = A program or a chat has nobody beside it to tell. Make another route for that.
route-escalates-reminders-alone = Only reminders wait for an answer: choose one of them, or leave this empty.
route-mail-goes-to-people = Mail goes to people: choose some of them.
route-connector-names-whom = This connector itself names whom it leads to: choose that.

action-route-created = Added a route
action-route-updated = Changed a route
action-route-removed = Removed a route
action-preference-updated = Changed what they are told outside of Intrex, or how
