# People: who works here, what they may do, and how they leave.
person-own-branches = Nobody changes their own branches: ask somebody who manages you.
person-own-deletion = Nobody deletes themselves: ask another head office admin.
person-role-beyond-own = You can give no role beyond your own.
person-branch-needed = Choose at least one of your branches.
person-confirm-wrong = This is not the person's e-mail address.
person-heir-is-leaving = Choose somebody who stays.
person-heir-elsewhere = This person does not work at all of the branches that these obligations belong to.
person-former = Former person
action-person-deleted = Person deleted

people-search = Name or e-mail address
people-any-role = Any role
people-any-status = Any state
people-any-branch = Any branch
people-none = Nobody is found.
people-dormant = Who has not signed in for { $n ->
    [one] a day
   *[other] { $n } days
}
person-invited = Invited
person-active = Active
person-disabled = Disabled
person-dormant = Dormant
person-title = { $name }
person-every-branch = every branch
person-no-branches = no branch
person-closed-branch = A closed branch
person-closed-branches = { $count ->
    [one] one closed branch
   *[other] { $count } closed branches
}
person-never-signed-in = never
person-last-sign-in = Last sign-in
person-has-factor = set up
person-has-no-factor = not set up
person-must-change = must be changed before anything else opens
person-since = Invited first
person-details = Details
person-signing-in = Signing in
person-no-sessions = Not signed in anywhere.

person-new = Invite somebody
person-edit = Change { $name }
person-invite = Send the invitation
person-email-hint = The address that they will sign in with.
person-role-hint = Head office sees and does everything; a branch manager the branches below; an operator the own tasks there.
person-branches-hint = Leave this empty for head office, which sees every branch.
person-own-hint = Your role and branches are changed by somebody else.
person-stale = Somebody else has changed this person in the meantime. Look at it again, and save once more.
person-invited-title = The invitation is made
person-invited-mailed = The link goes to { $email } by mail. This is the same link.
person-invited-link = Give { $name } this link yourself: this installation sends no mail. It is not shown again.
person-invited-hint = It counts once and for 72 hours. They set their own password by it, and a second factor at their first sign-in.
person-invited-done = Done

person-reinvite = Invite again
person-enable = Enable
person-disable = Disable
person-disable-hint = They are signed out everywhere at once, and their API tokens are revoked. Nothing is deleted.
person-end-sessions = End all sessions
person-unlock = End a lock
person-unlock-hint = Forgets failed sign-ins and wrong codes.
person-require-password = Require another password
person-require-password-hint = Nothing else opens to them until they have set one.
person-reset-mfa = Reset the second factor
person-reset-mfa-short = When it is lost: they set up another one at the next sign-in.
person-reset-mfa-lede = { $name } is signed out everywhere, loses API tokens and known devices, and sets up another second factor at the next sign-in. They are told by mail.
person-reset-mfa-hint = How you know that it is them who asks. Stands in the audit log.
person-delete = Delete for good
person-delete-short = Name, address and everything they sign in with go; history stays without a name.
person-delete-lede = { $name } becomes a former person: what they did stays on the record, who they were does not.
person-delete-warning = There is no way back, for anybody.
person-leaves = What hangs on them
person-leaves-owned = Owner of { $n ->
    [one] one open obligation
   *[other] { $n } open obligations
}
person-leaves-deputised = Deputy for { $n ->
    [one] one open obligation
   *[other] { $n } open obligations
}
person-leaves-sessions = { $n ->
    [one] One session
   *[other] { $n } sessions
}, which end at once
person-leaves-tokens = { $n ->
    [one] One API token
   *[other] { $n } API tokens
}, which stop at once
person-heir-nobody = Nobody
person-heir-hint = Who takes the open obligations over. With nobody, branch managers and head office are reminded.
person-confirm-hint = Type { $email } to confirm.
field-role = Role
field-branch-ids = Branches
field-confirm = The person's e-mail address
field-hand-over-to-id = Hand over to
field-q = Words

organisation-access = Accounts that are not used, and access reviews
organisation-dormant-hint = From 30 to 365. Such accounts are shown among people, and head office is told.
organisation-dormant-stay = They stay as they are
organisation-dormant-suspended = They are disabled by themselves
organisation-suspend-hint = Never the last head office admin. Each is told by mail, and can be enabled again.
organisation-review-hint = From 1 to 12; 0 to begin them by hand alone.
field-dormant-after-days = Days without a sign-in until an account is dormant
field-suspend-dormant = Dormant accounts
field-access-review-months = Months between two access reviews
