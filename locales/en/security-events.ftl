# Security events: the page, and for each code what it is, what it means and what to do.
settings-security = Security events
settings-security-hint = What somebody should look at, and from when on
security-lede = What may be an attack, or a mistake that looks like one. Everything that happens is in the audit log; this is the part that somebody should look at.
security-to-look-at = { $n ->
    [one] one to look at
   *[other] { $n } to look at
}
security-event = Security event: { $what }
security-anything = Anything
security-any-severity = Any severity
security-state = State
security-all = All
security-open = nobody has looked at it
security-acknowledge = I have looked at it
security-acknowledged = looked at on { $when }
security-none = No security events
security-none-hint = Sign-ins that fail, locks, new devices, changes of rights and more are shown here.
security-subject = { $kind ->
    [network] A network
    [account] An account
   *[token] An API token
} ({ $tag })
security-everybody = The whole organisation
security-about = { $whom } · { $n ->
    [one] seen once
   *[other] seen { $n } times
}
security-means = What it means
security-do = What to do
security-facts = What was seen
security-code = Code
security-count = How often within its hour
security-first = First
security-last = Last
security-from = From
security-thresholds = When to be told
security-thresholds-lede = From when on Intrex calls it a burst, a spray or a spike. Lower numbers tell more, and more often for nothing.
security-usual = A whole number; { $n } unless somebody changes it.
message-security-of = { $what }: { $name }
message-security-many = { $what }: { $n } of them within an hour
message-security = Security event · { $severity }

field-burst-failures = Failures that are a burst
field-burst-minutes = Minutes of a burst
field-spray-accounts = Accounts that are a spray
field-spray-minutes = Minutes of a spray
field-export-rows = Rows that are a spike of reading
field-export-minutes = Minutes of a spike
field-alternating-minutes = Minutes for two networks by turns
field-open = State

security-event-LOGIN_FAILURE = Sign-in refused
security-event-LOGIN_FAILURE-means = Somebody typed a wrong password for this account. Once or twice is a typing error.
security-event-LOGIN_FAILURE-do = Nothing for a few. If it goes on, ask the person whether it was them; a lock follows by itself.
security-event-MFA_VERIFY_FAILED = Wrong code
security-event-MFA_VERIFY_FAILED-means = The password was right and the code of the second factor was not. Whoever it was knows the password.
security-event-MFA_VERIFY_FAILED-do = Ask the person whether it was them. If not, they set another password at once.
security-event-AUTH_LOCKOUT_TRIGGERED = Account locked
security-event-AUTH_LOCKOUT_TRIGGERED-means = There were so many failures that sign-ins wait for some minutes. Each lock after the first is longer. A device that the person has used before goes on working.
security-event-AUTH_LOCKOUT_TRIGGERED-do = Ask the person. If it was them, you can unlock the account; if not, leave the lock, and tell them to choose a password that they use nowhere else.
security-event-AUTH_LOCKOUT_CLEARED = Lock ended
security-event-AUTH_LOCKOUT_CLEARED-means = A lock ended before its time: by a whole sign-in, by a head office admin, or by a new password.
security-event-AUTH_LOCKOUT_CLEARED-do = Nothing, if you know why.
security-event-LOGIN_RATE_LIMIT_BLOCK = Too many sign-ins from one network
security-event-LOGIN_RATE_LIMIT_BLOCK-means = One network sent more sign-ins than people type; the rest is refused for a minute.
security-event-LOGIN_RATE_LIMIT_BLOCK-do = If it goes on and is nobody's office, have the network blocked in front of Intrex.
security-event-LOGIN_BURST = Many failed sign-ins
security-event-LOGIN_BURST-means = Unusually many sign-ins failed within minutes, at one account or at many: somebody tries passwords, or something that was set up wrongly repeats an old one.
security-event-LOGIN_BURST-do = Look at which accounts they were, in this list. Accounts that are locked are safe for now. Tell people not to use passwords from elsewhere.
security-event-LOGIN_SPRAY = One network fails at many accounts
security-event-LOGIN_SPRAY-means = Somebody tries a few common passwords at one account after the other, so that none of them is locked. From an office with many people it may be a Monday morning.
security-event-LOGIN_SPRAY-do = If the network is none of yours, have it blocked in front of Intrex, and look for sign-ins from it that worked: people who were met set another password.
security-event-NEW_DEVICE = Sign-in on a new device
security-event-NEW_DEVICE-means = Somebody signed in, with both factors, by a browser that was not seen before. The person had a mail about it.
security-event-NEW_DEVICE-do = Nothing, unless the person says that it was not them: then end their sessions and reset their second factor.
security-event-NEW_NETWORK = Sign-in from a new network
security-event-NEW_NETWORK-means = Somebody signed in, with both factors, from a network that they have not signed in from before. On a journey that is what to expect.
security-event-NEW_NETWORK-do = Nothing, unless the person says that it was not them: then end their sessions and reset their second factor.
security-event-IMPOSSIBLE_SEQUENCE = Two networks by turns
security-event-IMPOSSIBLE_SEQUENCE-means = The same person, or the same session, was in one network, then in another, and in the first again, within minutes. Two people may be using one account. A phone that changes between two networks looks the same; Intrex has no map and does not know where networks are.
security-event-IMPOSSIBLE_SEQUENCE-do = Ask the person. If they cannot explain it, end their sessions, and have them set another password.
security-event-SESSION_NETWORK_CHANGED = Session in another network
security-event-SESSION_NETWORK_CHANGED-means = A session is used from another network than before. Phones and laptops do that all day.
security-event-SESSION_NETWORK_CHANGED-do = Nothing by itself. It is here for whoever looks into something else.
security-event-SESSION_AGENT_CHANGED = Session in another browser
security-event-SESSION_AGENT_CHANGED-means = A session is used by another browser or system than it began with. A session belongs to one browser: its cookie may have been copied. Browsers that ask for the desktop version of a page look the same.
security-event-SESSION_AGENT_CHANGED-do = Ask the person at once. If they cannot explain it, end their sessions, and have them set another password on a machine that they trust.
security-event-MFA_RESET = Second factor reset
security-event-MFA_RESET-means = Somebody's second factor was taken away, so that they set up a new one at their next sign-in. Attackers ask for this by telephone.
security-event-MFA_RESET-do = Make sure that whoever did it knows that it was really the person who asked. The audit log says who did it and why.
security-event-MFA_REPLACED = Second factor replaced
security-event-MFA_REPLACED-means = Somebody has put another authenticator app in the place of their own, after both factors.
security-event-MFA_REPLACED-do = Nothing, unless the person says that it was not them: then reset their second factor.
security-event-RECOVERY_CODE_USED = Recovery code used
security-event-RECOVERY_CODE_USED-means = Somebody signed in with a recovery code in the place of their second factor. The person had a mail about it.
security-event-RECOVERY_CODE_USED-do = Ask the person whether it was them. If not, reset their second factor, and have them set another password.
security-event-PASSKEY_COUNTER_WENT_BACK = A passkey may have been copied
security-event-PASSKEY_COUNTER_WENT_BACK-means = A passkey counts its uses, and this one has counted backwards: there may be two of it. It was refused.
security-event-PASSKEY_COUNTER_WENT_BACK-do = Ask the person to remove the passkey and to make another.
security-event-PRIVILEGE_RAISED = Somebody becomes head office admin
security-event-PRIVILEGE_RAISED-means = Somebody was given the highest role, or was invited with it: they can see and change everything of the organisation.
security-event-PRIVILEGE_RAISED-do = Make sure that it was meant. The audit log says who did it.
security-event-TOKEN_CREATED = API token made
security-event-TOKEN_CREATED-means = A program can act for somebody from now on, without a second factor, until the token expires.
security-event-TOKEN_CREATED-do = Make sure that somebody knows the program. A token can be revoked by its owner and by the operator of the installation.
security-event-TOKEN_REFUSED_NETWORK = API token shown elsewhere
security-event-TOKEN_REFUSED_NETWORK-means = An API token was used outside of the networks that it counts in, and was refused. It may have been copied, or the program has moved.
security-event-TOKEN_REFUSED_NETWORK-do = If nobody has moved the program, revoke the token and make another.
security-event-DOMAIN_NO_LONGER_PROVEN = A domain is no longer proven
security-event-DOMAIN_NO_LONGER_PROVEN-means = The TXT record that proves one of your domains has not been there for several days. Its addresses lead to no provider any more: people sign in with their passwords.
security-event-DOMAIN_NO_LONGER_PROVEN-do = If the domain is still yours, publish the record again and prove the domain at Settings, Sign-in. If it is not, remove it there.
security-event-EXPORT_SPIKE = Unusually much was read
security-event-EXPORT_SPIKE-means = Somebody, or a program that acts for them, read page after page of the register or of the audit log within minutes.
security-event-EXPORT_SPIKE-do = Ask the person what it was for. If they do not know, end their sessions and revoke their API tokens.
security-event-TENANT_DELETION_REQUESTED = Deletion of the organisation asked for
security-event-TENANT_DELETION_REQUESTED-means = A head office admin, or the operator of the installation, has asked that the organisation and everything that it holds be deleted. Every head office admin had a mail about it.
security-event-TENANT_DELETION_REQUESTED-do = If it was not meant, cancel it at once in the organisation's settings, then end the sessions of whoever asked and reset their second factor. The audit log says who it was and why.
security-event-CONNECTOR_FAILING = A connector fails
security-event-CONNECTOR_FAILING-means = What is sent by one of your connectors has not arrived for a day, or for three. After five days nothing is sent by it any more.
security-event-CONNECTOR_FAILING-do = Look at Settings, Connectors what is wrong, and verify it once it is put right.
security-event-CONNECTOR_DISABLED = A connector is disabled
security-event-CONNECTOR_DISABLED-means = A connector failed for five days, or its other side said that there is nobody any more. Nothing is sent by it, and what waited for it was given up.
security-event-CONNECTOR_DISABLED-do = Put it right, enable it at Settings, Connectors, and send again what was given up at Messages, Deliveries.
security-event-TENANT_DELETION_CANCELLED = Deletion of the organisation cancelled
security-event-TENANT_DELETION_CANCELLED-means = Somebody has cancelled that the organisation be deleted. It stays.
security-event-TENANT_DELETION_CANCELLED-do = Make sure that it was meant. The audit log says who it was.

action-LOGIN_BURST = Many failed sign-ins
action-LOGIN_SPRAY = One network fails at many accounts
action-EXPORT_SPIKE = Unusually much was read
action-IMPOSSIBLE_SEQUENCE = Two networks by turns
action-session-new_network = Signed in from a new network
action-session-agent_changed = Session used by another browser
action-security_event-acknowledged = Security event looked at
action-security_thresholds-updated = Thresholds of security events changed
