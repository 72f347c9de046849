# Routes: who is told of what, by which way; and what people would rather not be told.
route-too-many = You have { $max } routes, and that is the most. Remove one first.
route-not-a-time = Give a time as HH:MM, such as 22:00.
route-quiet-leaves-no-time = That is quiet at every hour of every day. Leave some time.
route-person-of-another-recipient = Only a route to one person names a person.
route-endpoint-escalates-to-nobody = A program or a chat has nobody beside it to tell. Make another route for that.
route-escalates-reminders-alone = Only reminders wait for an answer: choose one of them, or leave this empty.
route-mail-goes-to-people = Mail goes to people: choose some of them.
route-connector-names-whom = This connector itself names whom it leads to: choose that.

action-route-created = Added a route
action-route-updated = Changed a route
action-route-removed = Removed a route
