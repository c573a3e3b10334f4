"""Dates and hours as people say them in English: at 6 PM today, on November 24 at 9:30 AM.

The twin of `ivr.outbound.spoken`; pure. Everything is said from the day on which it is heard.
"""

from datetime import date, datetime

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def greeting_daypart(when: datetime) -> str:
    """morning in good morning, for someone greeted now."""
    if when.hour < 12:
        return "morning"
    return "afternoon" if when.hour < 18 else "evening"


def day(when: date, today: date) -> str:
    """today, tomorrow, or the date; with the year when it is another one."""
    words = {0: "today", 1: "tomorrow", -1: "yesterday"}
    distance = (when - today).days
    if distance in words:
        return words[distance]
    named = f"on {_MONTHS[when.month - 1]} {when.day}"
    return named if when.year == today.year else f"{named}, {when.year}"


def clock(when: datetime) -> str:
    """2 PM, 2:30 PM, noon, midnight."""
    if when.minute == 0 and when.hour in (0, 12):
        return "noon" if when.hour else "midnight"
    hour, half = when.hour % 12 or 12, "AM" if when.hour < 12 else "PM"
    return f"{hour}:{when.minute:02} {half}" if when.minute else f"{hour} {half}"


def moment(when: datetime, today: date, *, after: datetime | None = None) -> str:
    """at 9 AM tomorrow; without the day where `after` has said it already."""
    at = f"at {clock(when)}"
    if after is not None and when.date() == after.date():
        return at
    return f"{at} {day(when.date(), today)}"


def span(begin: datetime, end: datetime, today: date) -> str:
    """from 2 PM to 6 PM today, from 11 PM today to 1 AM tomorrow."""
    until = f"{clock(end)} {day(end.date(), today)}"
    if begin.date() == end.date():
        return f"from {clock(begin)} to {until}"
    return f"from {clock(begin)} {day(begin.date(), today)} to {until}"
