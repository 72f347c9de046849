# The second factor in the settings: another authenticator app, and recovery codes.
second-factor-lede = What you give besides your password.
second-factor-continue = Continue

authenticator = Authenticator app
authenticator-since = Set up on { $date }.
authenticator-hint = When you have another phone, set it up here. The present app counts until the other one is confirmed.
authenticator-new = Set up another app
authenticator-lede = The present app goes on counting until you have typed a code of the other one.
authenticator-scan = Add the account to the other app
authenticator-others-end = Your other sessions end then, and recovery codes that you have count no more.
authenticator-confirm = Use this app from now on
authenticator-replaced = The other app is set up, and your other sessions have ended. The former recovery codes count no more: make new ones.

recovery-codes = Recovery codes
recovery-codes-lede = For the day on which your phone is lost, broken or elsewhere.
recovery-codes-hint = Each code stands in once for a code of your app. Keep them where others cannot see them, and not on the phone alone: on paper, or in a password manager.
recovery-codes-left = { $n ->
    [0] You have no recovery codes.
    [one] One recovery code is left.
   *[other] { $n } recovery codes are left.
}
recovery-codes-since = Made on { $date }.
recovery-codes-make = Make recovery codes
recovery-codes-later = Not now
recovery-codes-replace = The ones that you have count no more then.
recovery-codes-made = Your recovery codes
recovery-codes-of = { $count } recovery codes for { $email }
recovery-codes-shown-once = Print or copy them now: they are not shown again.
recovery-codes-each-once = Each counts once. Capital or small letters, and the dashes, do not matter.
recovery-codes-done = I have kept them

recovery-code-used = { $n ->
    [0] A recovery code was used, and none is left. If your app is gone, set up another one now; then make new codes.
    [one] A recovery code was used, and one is left. If your app is gone, set up another one now.
   *[other] A recovery code was used, and { $n } are left. If your app is gone, set up another one now.
}
recovery-code-wrong = This code is not right, or was used before.
recovery-code-hint = Sixteen letters and digits. Capital or small letters, and the dashes, do not matter.
field-recovery-code = Recovery code

mfa-recovery = Enter a recovery code
mfa-recovery-lede = One of those that you have kept for when your app is not at hand. It counts once.
mfa-use-recovery = Use a recovery code
mfa-use-app = Use a code of the app

organisation-factors = Second factor
organisation-recovery-roles-hint = Whoever is not ticked has none: their codes are removed at once.
organisation-recovery-nobody = Nobody
field-recovery-code-roles = Who may hold recovery codes
