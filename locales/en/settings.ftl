# Settings: the frame, sessions, the organisation, API tokens; and stepping up before what is dangerous.
nav-settings = Settings

settings-part-account = Your account
settings-part-organisation = Organisation
settings-password = Password
settings-password-hint = Choose a new one
settings-second-factor = Second factor
settings-second-factor-hint = Authenticator app and what stands in for it
settings-sessions = Sessions
settings-sessions-hint = Where you are signed in
settings-email = E-mail address
settings-email-hint = The address you sign in with
settings-tokens = API tokens
settings-tokens-hint = Programs that act for you
settings-organisation = Details
settings-organisation-hint = Name, time zone, reminders and how long sessions last
settings-people = People
settings-people-hint = Who works here, their roles and branches

step-up = Confirm it is you
step-up-lede = What comes next needs your password and a code again. They count for five minutes.
step-up-continue = Continue
step-up-refused = The password or the code is not right. A code counts once: wait for the next one.
fault-step-up = Confirm it is you
fault-step-up-detail = This needs a session whose second factor was given within the last five minutes; API tokens are not accepted here.

sessions-lede-minutes = A session ends { $n } minutes after it was used last. End what you do not recognise, then change your password.
sessions-lede-hours = A session ends { $n ->
    [one] one hour
   *[other] { $n } hours
} after it was used last. End what you do not recognise, then change your password.
sessions-end-others = End all others
session-end = End
session-current = this one
session-device = { $browser } on { $system }
session-device-unknown = Unknown device
session-address-unknown = unknown network
session-last-seen = used { $when }
session-span = Began { $began }, ends { $ends } at the latest

organisation-details = Details
organisation-edit = Change the details
organisation-limits = How long sessions last
organisation-lead-days-hint = Days before a due date, such as 30, 14, 7, where an obligation says nothing else.
organisation-limits-as-typed = As typed below
organisation-limits-aal2 = AAL2: { $hours } hours, { $minutes } minutes without use
organisation-limits-longest = Longest: { $hours } hours, { $minutes } minutes without use
organisation-limits-hint = Shorter limits hold at once, for sessions that have begun too.
organisation-absolute-hint = From 1 to 168, however much a session is used.
organisation-idle-hint = From 5 to 1440.
organisation-is-aal2 = Within the limits of AAL2 (NIST SP 800-63B)
field-session-preset = Limits
field-session-absolute-hours = Hours at most
field-session-idle-minutes = Minutes without use

deletion = Delete the organisation
deletion-link-hint = For good, with everything that it holds. There is a week to think better of it.
deletion-lede = It happens { $days } days from now. Until then every head office admin is reminded of it on each page, and can cancel it.
deletion-warning = There is no way back. Afterwards nobody signs in here any more, and nobody can bring anything back but from a backup of the whole installation.
deletion-goes = What goes
deletion-branches = { $n ->
    [one] One branch
   *[other] { $n } branches
}
deletion-obligations = { $n ->
    [one] One obligation
   *[other] { $n } obligations
}, settled ones too
deletion-people = { $n ->
    [one] One person
   *[other] { $n } people
}, with how they sign in
deletion-rest = Templates, reminders, messages, imports, access reviews, API tokens. The audit log stays as evidence, and nobody can read what was personal in it.
deletion-sure = To be sure
deletion-confirm-hint = Type it as it is: { $name }
deletion-reason-hint = It stands in the audit log.
deletion-ask = Delete it in a week
deletion-waits = This organisation will be deleted on { $when }.
deletion-asked = { $name } asked for it on { $when }.
deletion-asked-by-operator = Whoever runs this installation asked for it on { $when }.
deletion-cancel = Cancel: keep the organisation
deletion-back = Back to the details
deletion-banner = This organisation will be deleted on { $when }.
deletion-banner-link = Look at it, or cancel it
field-confirm-name = The organisation's name

tokens-lede = A program with a token acts for you, with at most what you may do. Its text is shown once.
tokens-none = You have no API tokens.
token-new = Create a token
token-create = Create the token
token-details = What it is for
token-name-hint = Where it is used, such as the name of the program.
token-days-hint = From 1 to 365.
token-networks-hint = Where it counts, such as 203.0.113.0/24, with commas between. Anywhere if left empty.
token-scopes-hint = What it may do. Everything that you may do if nothing is chosen.
token-made = The token is made
token-shown-once = Copy it now: it is not shown again.
token-done = I have copied it
token-anywhere = counts anywhere
token-never-used = never
token-last-used = last used: { $when }
token-until = until { $date }
token-expired = expired { $date }
token-revoked = revoked
token-revoke = Revoke
field-scopes = Permissions
field-networks = Networks
field-expires-in-days = Days until it expires
