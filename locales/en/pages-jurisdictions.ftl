# Places: countries and their parts, their weekends and holidays.

jurisdictions = Places
jurisdictions-lede = Countries and their parts: where rules hold, where branches are, and on which days offices are closed.
jurisdictions-open = Places and holidays
jurisdictions-none = No places yet
jurisdictions-none-hint = They come with a pack of rules, or you enter them.
jurisdiction-title = { $name }
jurisdiction-new = New place
jurisdiction-create = Create the place
jurisdiction-edit = Edit the place
jurisdiction-remove = Remove
jurisdiction-remove-hint = It can be removed as long as it has neither parts nor branches.
jurisdiction-branches = Branches here
jurisdiction-rules = Rules that hold here
jurisdiction-calendar = Weekend and holidays
jurisdiction-weekend-inherited = as in { $place }
jurisdiction-weekend-none = none known
jurisdiction-holidays-none = None of its own.
jurisdiction-holidays-count = { $n ->
    [one] 1 holiday of its own
   *[other] { $n } holidays of its own
}
jurisdiction-code-hint = Two letters of the country, and after hyphens those of its parts, such as BD-C-DNCC.
jurisdiction-weekend-hint = Days on which its offices are closed. None ticked: as in what it is part of.
jurisdiction-time-zone-hint = Such as Asia/Dhaka. Empty: as in what it is part of.
jurisdiction-holidays-hint = One a line: date, colon, name, such as 2026-12-16: Victory Day. They hold in all of its parts. Due dates that stand already stay.
jurisdiction-code-shape = Give two letters of a country, and after hyphens those of its parts, such as BD-C-DNCC.
jurisdiction-no-parent = The place that this one is part of, by its code, is not there yet.
jurisdiction-kind-of-code = The kind does not fit the code: a country has two letters, a part has a hyphen more than what it is part of and is of a smaller kind.
jurisdiction-never-open = An office that is closed every day has no working day to move to.
jurisdiction-holiday-wrong = “{ $day }” is wrong: give one holiday a line, as 2026-12-16: Victory Day.
jurisdiction-has-parts = Places that are part of this one are still there.
jurisdiction-has-branches = Branches are still in this place.
jurisdiction-pack = from { $pack }
jurisdiction-kind-country = country
jurisdiction-kind-region = region
jurisdiction-kind-district = district
jurisdiction-kind-city_corporation = city corporation
jurisdiction-kind-zone = zone
branch-jurisdiction-elsewhere = This place is not in the branch’s country.
branch-jurisdiction-hint = Decides which rules hold, and on which days offices are closed. Chosen by the names above if nothing is chosen.
branch-jurisdiction-by-name = By the names above
field-kind = Kind
field-weekend = Weekend
field-holidays = Holidays
