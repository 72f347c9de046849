# The words of mail about a person's account: links and notices.
account-mail-greeting = Hello { $name },
account-mail-once = This link counts once, and until { $until }. Nobody at your organisation or at ours will ask you for it, for your password or for a code.
account-mail-not-you = If this was not you, set another password now, and tell your head office admin.
account-mail-forgot-link = Set another password
account-mail-why = You get this message because you have an account at { $tenant } in Intrex.
account-mail-why-new = You get this message because somebody at { $tenant } typed this address into Intrex. If that means nothing to you, you need not do anything.

account-mail-invitation-subject = { $tenant } has invited you to Intrex
account-mail-invitation = You are invited to work with { $tenant } in Intrex, the register of what every branch owes, and by when. Choose a password that only you know; then set up a second factor.
account-mail-invitation-link = Choose your password

account-mail-reset-subject = Set another password for Intrex
account-mail-reset = Somebody, probably you, asked for another password for your account at { $tenant }. If it was not you, you need not do anything: your password stays as it is.
account-mail-reset-link = Set another password

account-mail-email-old-subject = Do you want to use another address?
account-mail-email-old = Somebody who knows your password asked to use { $other } for your account at { $tenant }. It changes when both addresses have agreed. If it was not you, do not agree: change your password and tell your head office admin.
account-mail-email-new-subject = Is this address yours?
account-mail-email-new = { $name } at { $tenant } wants to use this address for their account in Intrex. It changes when both addresses have agreed.
account-mail-email-link = Agree to the change
account-mail-email-changed-subject = Your address was changed
account-mail-email-changed = The address of your account at { $tenant } is { $other } now. It was changed on { $when }. Sign in with it from now on.

account-mail-password-changed-subject = Your password was changed
account-mail-password-changed = The password of your account at { $tenant } was changed on { $when }. Your other sessions have ended.

account-mail-mfa-reset-subject = Your second factor was removed
account-mail-mfa-reset = The second factor of your account at { $tenant } was removed on { $when }, and your sessions have ended. You set up a new one at your next sign-in.

account-mail-recovery-code-subject = A recovery code was used
account-mail-recovery-code = One of the recovery codes of your account at { $tenant } was used on { $when }, in the place of a code of your authenticator app. It counts no more. How many are left stands in the settings, below Second factor.
account-mail-recovery-codes-subject = Recovery codes were made
account-mail-recovery-codes = New recovery codes for your account at { $tenant } were made on { $when }. Older ones count no more.

account-mail-authenticator-subject = Another authenticator app was set up
account-mail-authenticator = Another authenticator app took the place of the former one for your account at { $tenant } on { $when }. Your other sessions have ended, and older recovery codes count no more.

account-mail-new-network-subject = A sign-in from a new network
account-mail-new-network = Somebody signed in to your account at { $tenant } on { $when }, on a device that is known, from a network that you have not signed in from before. On a journey, or after a change of provider, that is what to expect.

account-mail-security-alert-subject = { $what }: { $tenant }
account-mail-security-alert = Intrex has seen something at { $tenant } on { $when } that a head office admin should look at: { $what }{ $n ->
    [one] { "" }
   *[other] { " " }({ $n } of them)
}. What it means and what to do about it stands on the page of security events. For an hour there is no other mail about the same, however often it is seen.
account-mail-security-alert-link = Look at security events

account-mail-new-device-subject = A sign-in from a new device
account-mail-new-device = Somebody signed in to your account at { $tenant } on { $when }, from a device that was not seen before.

account-mail-review-begun-subject = An access review has begun at { $tenant }
account-mail-review-begun = On { $when }, Intrex has written down who has access at { $tenant }. Decide for each person whether it stays; there are two weeks for it.
account-mail-review-soon-subject = The access review at { $tenant } is due soon
account-mail-review-soon = The access review at { $tenant } is due within a week, and is not finished.
account-mail-review-overdue-subject = The access review at { $tenant } is overdue
account-mail-review-overdue = The date of the access review at { $tenant } has passed, and it is not finished.
account-mail-review-link = The access reviews

account-mail-deletion-requested-subject = { $tenant } is going to be deleted
account-mail-deletion-requested = On { $when }, somebody asked that { $tenant } be deleted, with all that it holds in Intrex: branches, people, obligations. It happens on { $until }, and cannot be undone afterwards. Until then, every head office admin can cancel it. Who asked, and why, stands in the audit log.
account-mail-deletion-requested-link = Look at it, or cancel it
account-mail-deletion-cancelled-subject = { $tenant } is not deleted
account-mail-deletion-cancelled = On { $when }, somebody cancelled that { $tenant } be deleted. Nothing was removed.
account-mail-deletion-cancelled-link = The organisation's settings

account-mail-dormant-subject = Your account was disabled
account-mail-dormant = Nobody has signed in to your account at { $tenant } for a long time. It was disabled on { $when }, as your organisation has set.
account-mail-dormant-ask = If you still need it, ask your head office admin to enable it again.
account-mail-sign-in-link = The page for signing in
