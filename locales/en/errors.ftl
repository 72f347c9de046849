# Errors, as pages, the API and the command line show them.
error-not-found = There is nothing here, or it is not yours to see.
error-forbidden = Your role does not allow this.
error-invalid = Some fields need a change.
error-unavailable = The database does not answer at the moment. Nothing was lost; try again shortly.
error-internal = Something went wrong on our side. Nothing was changed.
error-stale = Somebody changed this in the meantime. Look at the current state, then try again.
error-duplicate = This already exists.
error-busy = The same request is being worked on. Try again in a moment.

error-field-required = This is required.
error-field-too-long = At most { $max } characters are allowed.
error-field-too-short = At least { $min } characters are needed.
error-field-control-characters = Control characters are not allowed here.
error-field-not-a-date = Give a date as YYYY-MM-DD between 1970-01-01 and 2200-12-31.
error-field-not-one-of = Choose one of: { $choices }.
error-field-not-a-number = Give a whole number between { $min } and { $max }.
error-field-not-an-id = This is not an id.
error-field-unknown-reference = There is no such record in your organisation.
error-field-taken = This is already used by another record.
error-field-not-an-email = This is not an e-mail address.
error-field-unknown-time-zone = This is not an IANA time zone such as Asia/Dhaka.
error-field-not-a-country = Give a two-letter country code such as BD or US.
error-field-unknown = There is no such field.
error-field-wrong-type = This has the wrong type: { $expected } is expected.
error-field-malformed = The request cannot be read: { $detail }
error-field-too-many = At most { $max } entries are allowed.
error-field-cursor = This cursor does not belong to this list. Begin again without it.
