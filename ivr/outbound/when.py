"""Reading a time as a person types it: 14:00, 明天 9:00, 11-24 14:00, 2026-11-24 14:00. Pure."""

import re
import unicodedata
from datetime import datetime, timedelta

from ivr.errors import UserError

_DAYS = {"今天": 0, "明天": 1, "后天": 2, "today": 0, "tomorrow": 1}
_TIME = re.compile(
    r"(?:(?P<word>今天|明天|后天|today|tomorrow)\s*|"
    r"(?:(?P<year>\d{4})-)?(?P<month>\d{1,2})-(?P<day>\d{1,2})[\sT]+)?"
    r"(?P<hour>\d{1,2})[:点](?P<minute>\d{2})?分?",
    re.IGNORECASE,
)


def parse(text: str, now: datetime, *, after: datetime | None = None) -> datetime:
    """The time that `text` means, in the zone of `now`.

    A bare clock time is the next one: after `after` if that is given, else today's,
    and tomorrow's when today's has passed by more than an hour. 24:00 is midnight.
    Raises UserError when it is no time.
    """
    found = _TIME.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        raise UserError(f"{text!r} is no time; write 14:00, 明天 9:00 or 2026-11-24 14:00")
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        raise UserError(f"{text!r} is no time of day")
    clock = timedelta(hours=hour, minutes=minute)
    if found["month"]:
        return _midnight(_date(found, text, now)) + clock
    if found["word"]:
        return _midnight(now + timedelta(days=_DAYS[found["word"].lower()])) + clock
    if after is not None:
        same_day = _midnight(after) + clock
        return same_day if same_day > after else same_day + timedelta(days=1)
    today = _midnight(now) + clock
    return today if today > now - timedelta(hours=1) else today + timedelta(days=1)


def _date(found: re.Match[str], text: str, now: datetime) -> datetime:
    try:
        year = int(found["year"] or now.year)
        date = now.replace(year=year, month=int(found["month"]), day=int(found["day"]))
    except ValueError:
        raise UserError(f"{text!r}: there is no such day") from None
    if not found["year"] and date < now - timedelta(days=180):
        return date.replace(year=year + 1)
    return date


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
