# Whether background work goes on: the page, the banner, and what each kind of work is for.
settings-health = Background work
settings-health-hint = Whether reminders go out and the log grows
health-lede = What is done without anybody asking. When something here stands still, nobody is reminded of anything by it.
health-work = Work
health-succeeded = Last success
health-waiting = Waiting here
health-since = first due { $ago }
health-working = goes on
health-failing = fails
health-silent = silent
health-still = Something stands still.
health-to-do = Ask whoever runs the installation to look: “intrex doctor” says what is wrong, and the log says why.
health-dead = { $n ->
    [one] One message was given up.
   *[other] { $n } messages were given up.
}
health-dead-hint = Nobody has had them. Look why, and send them again when the way works.
health-banner = Background work stands still: reminders may not go out.
health-banner-link = Show
worker-account_mail-sender = Mail about accounts
worker-means-audit-sequencer = Gives each event its place in the audit log
worker-means-jobs = Plans reminders, closes what has expired, begins reviews
worker-means-reminders-sender = Puts reminders into inboxes, and hands the others over to be delivered
worker-means-deliveries-sender = Delivers what goes out, by mail and by connectors
worker-means-account_mail-sender = Sends invitations, password links and notices
