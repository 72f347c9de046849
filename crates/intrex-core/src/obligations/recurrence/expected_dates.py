"""Writes expected_dates.json: rules, the start of each series, and the dates that python-dateutil gives for them.

    python3 expected_dates.py > expected_dates.json      (needs python-dateutil; written with 2.9.0)

Left out is what differs on purpose or where dateutil leaves RFC 5545: a rule that takes the day of the month from a start
behind the 28th (dateutil skips short months, the product clamps), and BYDAY mixing plain and numbered days (dateutil wants
both at once, the RFC either).
"""

import datetime
import itertools
import json
import random
import warnings

from dateutil.rrule import rrulestr

CASES = 240
DATES = 10
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
draw = random.Random(5545)


def some(values, most):
    return sorted(draw.sample(values, draw.randint(1, most)))


def rule():
    frequency = draw.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "MONTHLY", "YEARLY"])
    parts = {"FREQ": frequency}
    named = False
    if draw.random() < 0.5:
        parts["BYMONTH"] = ",".join(map(str, some(range(1, 13), 4)))
        named = True
    if frequency != "WEEKLY" and draw.random() < 0.5:
        signed = [day for day in range(-31, 32) if day]
        parts["BYMONTHDAY"] = ",".join(map(str, some(signed, 5)))
        named = True
    if draw.random() < 0.6:
        days = some(DAYS, 4)
        if frequency in ("MONTHLY", "YEARLY") and draw.random() < 0.6:
            most = 5 if frequency == "MONTHLY" or "BYMONTH" in parts else 53
            days = [f"{draw.choice([-1, 1]) * draw.randint(1, most)}{day}" for day in days]
        parts["BYDAY"] = ",".join(days)
        named = True
    most = {"DAILY": 1 if named else 400, "WEEKLY": 4 if "BYMONTH" in parts else 60, "MONTHLY": 30, "YEARLY": 6}
    if draw.random() < 0.5:
        parts["INTERVAL"] = str(draw.randint(1, most[frequency]))
    if frequency in ("MONTHLY", "YEARLY") and named and draw.random() < 0.4:
        parts["BYSETPOS"] = ",".join(map(str, some([-3, -2, -1, 1, 2, 3], 2)))
    if frequency == "WEEKLY" and draw.random() < 0.5:
        parts["WKST"] = draw.choice(DAYS)
    return parts


def start(parts):
    date = datetime.date(1996, 1, 1) + datetime.timedelta(days=draw.randrange(40 * 366))
    takes_day = parts["FREQ"] in ("MONTHLY", "YEARLY") and "BYMONTHDAY" not in parts and "BYDAY" not in parts
    return date.replace(day=min(date.day, 28)) if takes_day else date


def main():
    cases = []
    warnings.simplefilter("ignore")
    while len(cases) < CASES:
        parts = rule()
        text = ";".join(f"{name}={value}" for name, value in parts.items())
        anchor = start(parts)
        until = datetime.datetime(2130, 1, 1)
        series = rrulestr(text, dtstart=datetime.datetime.combine(anchor, datetime.time())).replace(until=until)
        # The start belongs to the series in any case and is not compared.
        dates = [date.date() for date in itertools.islice(series, DATES + 1) if date.date() > anchor][:DATES]
        if len(dates) < DATES:
            continue
        cases.append({"rule": text, "anchor": str(anchor), "dates": [str(date) for date in dates]})
    print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")


main()
