# Passkeys: the settings page, the second factor by one, and what is told of them.
settings-passkeys = Passkeys
settings-passkeys-hint = Fingerprint, face, PIN or security key, in the place of a code

passkeys-lede = A passkey stands in for the code of your app. It works at { $host } alone, so that no imitated page can use it.
passkeys-none = You have no passkeys.
passkeys-not-at-this-address = Passkeys cannot be used while Intrex is reached by an IP address. Ask whoever runs it for a name.
passkeys-own-one-first = Add a passkey of your own first: you would be locked out otherwise.
passkeys-app-remains = Your authenticator app stays set up: it is the way in where no passkey is at hand.
passkeys-app-alone-not-enough = Your organisation asks its head office admins for a passkey: a code of the app alone does not let you in. If you lose your passkeys, another head office admin resets your second factor.
passkeys-due = Your organisation asks its head office admins for a passkey. Add one now; nothing else opens before.
passkey-new = Add a passkey
passkey-add = Add the passkey
passkey-details = The new passkey
passkey-name-hint = To tell it from others, such as “Work laptop” or “Blue security key”.
passkey-unnamed = Passkey
passkey-how = Your browser asks for your fingerprint, your face, a PIN or a security key. Intrex keeps a public key and nothing else.
passkey-added-on = added { $date }
passkey-last-used = last used: { $when }
passkey-never-used = never
passkey-other-host = made for { $host }, of no use here
passkey-rename = Rename
passkey-remove = Remove
passkey-remove-one = Remove a passkey
passkey-remove-detail = It lets you in no more. Delete it on the device, or in the password manager, too: Intrex cannot.
passkey-last = This is your only passkey, and your organisation asks you for one. Add another before you remove it.
passkey-too-many = You have { $max } passkeys, and that is the most. Remove one first.
passkey-not-added = The passkey could not be added. Try once more; what has to be shown is asked for anew.
passkey-already-there = This passkey is known already.

passkey-use = Use a passkey
passkey-refused = The passkey was not accepted. Try once more.
passkey-required = Your organisation asks you for your passkey. A code of the app is not enough.
passkey-step-up-lede = What comes next needs your password and your second factor again. They count for five minutes.
passkey-needs-script = Passkeys need scripts, which are switched off or did not load.
passkey-or-code = Use the code of your app, or switch scripts on.
passkey-switch-scripts-on = Switch scripts on and load this page again.
passkey-waiting = Waiting for your passkey…
passkey-cancelled = No passkey was given: it was cancelled, it took too long, or this device has none of yours. You can try again.
passkey-known-here = This device has a passkey of yours already. Use another device, or keep that one.
passkey-unsupported = This browser, or this device, cannot use passkeys here. Use another one, or a security key.
passkey-wrong-place = Your browser does not allow passkeys at this address. Open Intrex at { $address }.
passkey-failed = That did not work. Check your connection and try again.

organisation-admins = Head office admins
organisation-admin-factor-any = An authenticator app or a passkey
organisation-admin-factor-passkey = A passkey: a code of the app alone is not enough
organisation-admin-factor-hint = With a passkey, admins who have none add one at their next page, before anything else.
field-credential = Passkey
field-admin-second-factor = What they sign in with

account-mail-passkey-added-subject = A passkey was added
account-mail-passkey-added = A passkey was added to your account at { $tenant } on { $when }. If that was not you, change your password and tell a head office admin at once.
account-mail-passkey-removed-subject = A passkey was removed
account-mail-passkey-removed = A passkey was removed from your account at { $tenant } on { $when }. If that was not you, change your password and tell a head office admin at once.
account-mail-passkey-counter-subject = A passkey was refused
account-mail-passkey-counter = A passkey of your account at { $tenant } was refused on { $when }, because its counter went back: somebody may have a copy of it. Remove it in your settings, and tell a head office admin.

action-passkey-added = Passkey added
action-passkey-renamed = Passkey renamed
action-passkey-removed = Passkey removed
action-passkey-counter_went_back = Passkey refused: its counter went back
action-mfa-code_not_enough = Code refused: a passkey is required
