# Organisations, branches, people, sign-in and API tokens: why something was refused.
branch-already-closed = This branch is closed already.
branch-not-closed = This branch is open.

tenant-already-suspended = This organisation is suspended already.
tenant-not-suspended = This organisation is active.
tenant-deletion-waits = This organisation is to be deleted already. Cancel that first.
tenant-deletion-due = The time of this deletion has come: it cannot be cancelled any more.
tenant-deletion-begun = This organisation is being deleted: there is no way back.
tenant-confirm-wrong = This is not the organisation's name. Type it exactly as it is.

person-disabled-by-head-office = Head office has disabled this person, or nobody had used the account. A head office admin enables it again.
person-last-admin = This is the last active head office admin. Make somebody else one first.
person-own-role = Nobody changes their own role: ask another head office admin.
person-own-unlock = Nobody unlocks themselves: ask another head office admin, or the operator of the installation.
person-own-mfa = Nobody resets their own second factor: ask another head office admin, or the operator of the installation.
person-already-joined = This person has accepted an invitation already.
person-invited-too-often = This address has been sent { $max } invitations within a day. Try again later.
person-too-many-invitations = Your organisation has sent { $max } invitations within a day. Try again later.
person-not-joined-yet = This person has not accepted the invitation yet.

password-common = This password is easy to guess. Several unrelated words make a better one.
password-contains-context = Choose a password without the name of your organisation, your e-mail address or the product's name.
password-old-wrong = This is not your present password.
password-used-before = Choose a password that you have not used lately: the last { $count } and the present one do not count.

email-change-same = This is your address already.
email-change-no-mail = This installation sends no mail, so that an address cannot be confirmed.
email-change-too-many = You have asked for another address several times today. Try again tomorrow.

import-hash-not-bcrypt = This is not a bcrypt hash such as $2b$12$….
import-hash-cost = The cost of this hash must be between { $min } and { $max }.

mfa-already-enrolled = The second factor is set up already.
mfa-replacement-expired = This took longer than ten minutes, or was begun in another session. Scan the picture that is shown now.
recovery-codes-not-allowed = Your organisation does not let people of your role hold recovery codes.

token-too-many = At most { $max } tokens at a time: revoke one that is no longer used.
token-scope-unknown = There is no permission with this name.
token-scopes-empty = This list is empty. Name at least one permission, or leave the field out for all of the role.
token-scope-beyond-role = The person's role does not have this permission.
person-admin-has-no-branches = Head office sees every branch: leave this empty.
token-networks-empty = This list is empty. Name at least one network, or leave the field out for anywhere.
token-network-unknown = { $network } is no network in CIDR notation, such as 203.0.113.0/24.
