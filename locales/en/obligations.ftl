# What an obligation's state does not allow.
obligation-already-completed = This is already completed.
obligation-already-waived = This is already waived.
obligation-already-open = This is open already.
obligation-completed-out-of-range = It must have been done within the last ten years.
obligation-completed-in-future = It can't have been done on a day that has not come yet.
obligation-same-date = It is due on this date already.
obligation-field-fixed = This can't be changed here.
