import pytest

from ivr.calls.model import Call, Leg
from ivr.outbound.lines import lines_of_others


def call(caller: str, *legs: Leg) -> Call:
    return Call(
        call_id="1", caller="", caller_name="", called="", caller_channel=caller,
        caller_uniqueid=f"u-{caller}", legs=list(legs),
    )  # fmt: skip


def leg(channel: str, end_at: float | None = None) -> Leg:
    return Leg(channel, f"u-{channel}", "", end_at=end_at)


@pytest.mark.parametrize(
    ("calls", "lines"),
    [
        ([], 0),
        ([call("PJSIP/city-1", leg("PJSIP/101-1"))], 1),  # an owner calls
        ([call("PJSIP/101-1", leg("PJSIP/city-1"))], 1),  # we call an owner by hand
        ([call("PJSIP/city-1", leg("PJSIP/city-2"))], 2),  # forwarded to a mobile
        ([call("PJSIP/city-1", leg("PJSIP/city-2", end_at=5.0))], 1),  # … which refused
        ([call("PJSIP/101-1", leg("PJSIP/102-1"))], 0),
        ([call("", leg("PJSIP/city-ours"))], 0),  # the dialer's own
    ],
)
def test_lines(calls: list[Call], lines: int) -> None:
    outside = lambda name: name.startswith("PJSIP/city-")  # noqa: E731
    assert lines_of_others(calls, outside, lambda uniqueid: uniqueid.endswith("ours")) == lines
