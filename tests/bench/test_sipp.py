"""sipp's own statistics, as sipp 3.6 writes them."""

from pathlib import Path

import pytest

from bench import sipp
from ivr.errors import UserError


def test_statistics(tmp_path: Path) -> None:
    counted = tmp_path / "calls.csv"
    counted.write_text(
        "StartTime;TotalCallCreated;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);\n"
        "x;1;0;0;0;\n"
        "x;3;1;2;1;\n"
    )
    times = tmp_path / "rtt.csv"
    times.write_text(
        "Date_ms;response_time_ms;rtd_no\n1;15020.000;1\n1;15012.000;2\n2;15016.000;1\n"
    )
    assert sipp.read(counted, times) == sipp.Calls(
        3, 2, 1, {sipp.FROM_INVITE: [15.02, 15.016], sipp.FROM_RINGING: [15.012]}
    )


def test_without_sipp_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match="apt-get install -y sip-tester"):
        sipp.program()
