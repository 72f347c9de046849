# The pages of packs.

packs = Packs
packs-lede = What authorities ask for, country by country. Taking a pack over makes its rules templates of this organisation.
packs-open = Take over from a pack
pack-title = { $title }
pack-rules = { $n ->
    [one] 1 rule
   *[other] { $n } rules
}
pack-version = Version
pack-checked-on = Checked on
pack-taken-over = Taken over
pack-not-yet = not yet
pack-taken-over-version = version { $version }
pack-newer = version { $version } is new
pack-what = What taking it over does
pack-makes = { $n ->
    [0] No template is made.
    [one] 1 template is made.
   *[other] { $n } templates are made.
}
pack-changes = { $n ->
    [0] None is changed.
    [one] 1 is changed.
   *[other] { $n } are changed.
}
pack-retires = { $n ->
    [0] None is retired.
    [one] 1 is retired: the pack has it no more.
   *[other] { $n } are retired: the pack has them no more.
}
pack-keeps = { $n ->
    [one] 1 stays as you have changed it.
   *[other] { $n } stay as you have changed them.
}
pack-obligations-stay = Obligations that were made from a template stay as they are.
pack-apply = Take it over
pack-apply-again = Bring it up to date
pack-overwrite = Write the pack’s rule over it
pack-rule = Rule
pack-state = Here
pack-state-new = new
pack-state-same = the same
pack-state-changed = says something else now
pack-state-edited = changed by you
pack-state-own = your own, stays
pack-state-gone = not in the pack any more
pack-field = { $field }: “{ $before }” becomes “{ $after }”
pack-field-empty = nothing
field-anchor-and-grace-days = Counted from, days of grace
