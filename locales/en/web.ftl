# Words that pages share: navigation, forms, errors; and the pages of signing in.
nav-main = Main
nav-skip = Skip to the content
nav-more = More
nav-crumbs = Breadcrumb
nav-account = Your account
nav-sign-out = Sign out
nav-today = Today
nav-obligations = Obligations
nav-templates = Templates
nav-branches = Branches
nav-messages = Messages
nav-audit = Audit log

role-head-office-admin = Head Office Admin
role-branch-manager = Branch Manager
role-operator = Operator

theme = Theme
theme-auto = System
theme-light = Light
theme-dark = Dark

gate-foot = Times are shown in the branch’s own zone. This installation keeps its data on its own server.

form-optional = (optional)
form-wrong = { $count ->
    [one] One thing needs your attention
   *[other] { $count } things need your attention
}
form-save = Save
form-cancel = Cancel
form-filters = Filters
form-filter = Filter
form-clear-filter = Clear the filters

pages = Pages
pages-shown = { $count } shown
pages-next = Next

field-email = E-mail address
field-password = Password
field-new-password = New password
field-mfa-code = Six-digit code
field-name = Name
field-status = State
field-type = Kind
field-address = Address
field-city-corporation = City corporation
field-district = District
field-region = Region
field-country = Country
field-time-zone = Time zone
field-body = The request
field-query = The address

fault-go-home = Go to Today
fault-try-again = Try again
fault-send-again = Send it again
fault-typed = What you typed
fault-typed-kept = What you typed is kept on this page. Leave the page open and send it again in a few seconds.
fault-go-back = Go back in your browser: what you typed should still stand in the form, except passwords and codes. Send it again in a few seconds.
fault-request = Request
fault-unauthenticated = Sign in first
fault-unauthenticated-detail = This needs a valid API token or a session.
fault-forbidden = This is not for you to do
fault-not-found = There is nothing here
fault-invalid = Some fields need a change
fault-conflict = This does not fit the present state
fault-stale = Somebody was faster
fault-unavailable = The database does not answer
fault-internal = Something went wrong on our side
fault-malformed = The request cannot be read
fault-ambiguous-cookie-detail = The browser sent a cookie twice. Close all windows of this site, then sign in again.
fault-forged = This form is too old
fault-forged-detail = The form belongs to another session, or has no token. Nothing was changed: go back, load the page again, and send it once more.
fault-cross-site = Another site sent this
fault-cross-site-detail = Changes are accepted from this site’s own pages only. Nothing was changed.
fault-wrong-host = Not this address
fault-wrong-host-detail = This installation does not answer under this name.
fault-wrong-method = Not in this way
fault-wrong-method-detail = This address does not take requests of this method.
fault-too-large = This is too large
fault-too-large-detail = What was sent is larger than this address takes.
fault-wrong-type = Not of this type
fault-wrong-type-detail = What was sent is of a media type that this address does not read.
fault-too-slow = This took too long
fault-too-slow-detail = The work was stopped. Try again in a moment.
fault-too-many = Too many requests
fault-too-many-detail = { $seconds ->
    [one] Wait a second, then try again.
   *[other] Wait { $seconds } seconds, then try again.
}

sign-in = Sign in
sign-in-lede = Your password first, then a code from your phone.
sign-in-continue = Continue
sign-in-forgot = Forgot your password?
sign-in-refused = The e-mail address or the password is not right.
sign-in-joined = Your password is saved. Sign in with it.
sign-in-expired = This form was open for too long. Nothing was sent; please try again.
sign-in-wait = { $minutes ->
    [one] Too many tries. Wait a minute, then try again.
   *[other] Too many tries. Wait { $minutes } minutes, then try again.
}

demo-people = Demo people
demo-hint = This is a demo installation. Choose a person to sign in as.
demo-code = code { $code }

mfa = Enter your code
mfa-lede = The six digits that your authenticator app shows for Intrex.
mfa-sign-in = Sign in
mfa-start-over = Sign in as somebody else
mfa-wrong = This code is not right, or was used before. Wait for the next one.

setup = Set up your second factor
setup-lede = Everyone here signs in with a password and a code from an authenticator app.
setup-progress = Progress
setup-step-password = 1 Password
setup-step-factor = 2 Set up
setup-how-open = Open your authenticator app and add an account.
setup-how-scan = Scan this picture, or type the key below it.
setup-how-code = Type the six digits that the app shows.
setup-qr = QR code for the authenticator app
setup-key = Key
setup-turn-on = Turn on

invitation = Choose your password
invitation-lede = { $tenant } has invited { $name } ({ $email }). Only you will know the password; with it you sign in and set up your second factor.
invitation-password-hint = At least { $min } characters; several words are fine.
invitation-accept = Save the password
invitation-gone = This invitation no longer counts
invitation-gone-detail = It was used already, has expired, or a newer one was sent. Ask your head office admin for a new one.

api-idempotency-key-length = Give a key of 1 to { $max } characters.
api-idempotency-key-reused = This key was used for another request. Use a new one.
