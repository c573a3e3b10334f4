from pathlib import Path

import pytest

from ivr.outbound.model import Attempt, AttemptState, Outcome
from ivr.outbound.settle import Trace, outcome, read_traces, traces
from ivr.pbx.cel import parse


def row(kind: str, at: float, uniqueid: str, extra: str = "") -> str:
    cells = [kind, f"{at}", "", "", "s", "ivr-talk", "PJSIP/city-1", "", uniqueid, uniqueid, "", ""]
    return ",".join(f'"{cell}"' for cell in cells) + f',"{extra}"'


LOG = [
    row("CHAN_START", 10, "a"),
    row("ANSWER", 12, "a"),
    row("CHAN_START", 11, "b"),
    row("HANGUP", 14, "b", '{""hangupcause"":17}'),
    row("CHAN_END", 14, "b"),
    row("HANGUP", 15, "c", '{""hangupcause"":""x""}'),
]


def test_what_the_log_tells_of_each_channel() -> None:
    assert traces(parse(LOG)) == {
        "a": Trace(began_at=10, answered_at=12),
        "b": Trace(began_at=11, ended_at=14, cause=17),
        "c": Trace(ended_at=15),
    }


def test_only_the_attempts_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "ivr.csv"
    file.write_text("\n".join(LOG) + "\n")
    assert read_traces(file, ["b", "z"]) == {"b": Trace(11, None, 14, 17)}
    assert read_traces(tmp_path / "none.csv", ["b"]) == {}
    assert read_traces(None, ["b"]) == {}


@pytest.mark.parametrize(
    ("changes", "trace", "expected"),
    [
        ({}, Trace(11, None, 14, 17), Outcome.BUSY),
        ({}, Trace(11, None, 41, 19), Outcome.NO_ANSWER),  # our own timeout
        ({}, Trace(11, None, 12, 19), Outcome.UNREACHABLE),
        ({"ringing_at": 12.0}, Trace(11, None, 20, 19), Outcome.NO_ANSWER),
        ({}, Trace(11, 12, 14, 16), Outcome.UNKNOWN),  # answered: what was said?
        ({"answered_at": 12.0}, Trace(11, None, 14, 16), Outcome.UNKNOWN),
        ({}, Trace(11), Outcome.UNKNOWN),  # began, and its end was not written
        ({}, Trace(), Outcome.UNKNOWN),
        ({"outcome": Outcome.CONFIRMED}, Trace(), Outcome.CONFIRMED),  # told before the gap
    ],
)
def test_how_it_ended(changes: dict[str, object], trace: Trace, expected: Outcome) -> None:
    attempt = Attempt(
        id="a", task_id="t", campaign_id="c", number="1", state=AttemptState.CREATED,
        created_at=10.0, **changes,
    )  # type: ignore[arg-type]  # fmt: skip
    assert outcome(attempt, trace, ring_s=30) is expected
