# One's own account: password and e-mail address.
field-old-password = Present password

forgot = Set another password
forgot-lede = Type the address that you sign in with. You get a link by mail that counts once, for half an hour.
forgot-send = Send the link
forgot-back = Back to signing in
forgot-noted = If there is an account with this address, a link is on its way. It counts for half an hour; your second factor will be asked for as always.
forgot-no-mail = This installation sends no mail, so that it cannot send you a link. Ask your head office admin, or whoever runs the installation.

reset = Set another password
reset-lede = For { $email }. All of your sessions and API tokens end, and you sign in with the new password and your second factor.
reset-save = Save the password
reset-gone = This link no longer counts
reset-gone-detail = It was used already, has expired, or a newer one was sent.
reset-ask-again = Ask for another link

password-page = Your password
password-choose = Choose another password
password-due = Your head office admin asks you to set another password. Nothing else opens until you have.
password-changed = Your password was changed, and your other sessions have ended.
password-others-end = Your other sessions end. This one goes on.
password-revoke-tokens = Revoke my API tokens too
password-save = Change the password

email-page = Your e-mail address
email-present = You sign in as { $email }.
email-another = Use another address
email-hint = Both addresses get a link. It changes when both have agreed.
email-ask = Send the links
email-asked = A link is on its way to both addresses. Each counts once, for a day.

email-agree = Agree to another address
email-agree-lede = { $name } at { $tenant } wants to sign in with { $email }.
email-agree-button = Agree
email-agree-waiting = One of two has agreed
email-agree-waiting-detail = Nothing has changed yet: the other address got a link too.
email-agree-done = The address was changed
email-agree-done-detail = Sign in with { $email } from now on.
email-agree-impossible = This address cannot be used
email-agree-impossible-detail = Nothing was changed. Ask for another address.
email-agree-gone = This link no longer counts
email-agree-gone-detail = It was used already, has expired, or something else was asked for since.
