"""How the benches sum up what they counted."""

import os

import pytest

from bench import figures
from bench.figures import Run, Target


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.99, None),
        ([7.0], 0.99, 7.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 201)], 0.99, 198.0),
        ([1.0, 2.0], 1.0, 2.0),
    ],
)
def test_quantile(values: list[float], share: float, expected: float | None) -> None:
    assert figures.quantile(values, share) == expected


@pytest.mark.parametrize(
    ("measured", "passed"), [(149.0, True), (150.0, True), (150.1, False), (None, False)]
)
def test_what_was_not_seen_has_not_passed(measured: float | None, passed: bool) -> None:
    assert Target("p99, ms", 150.0, measured).passed is passed


RUNS: list[Run] = [
    {"rows": 200, "last_s": 15.02, "late_ms": None},
    {"rows": 199, "last_s": 15.3, "late_ms": 4.0},
    {"rows": 202, "last_s": 15.01, "late_ms": None},
]


def test_runs_together() -> None:
    assert figures.medians(RUNS) == {"rows": 200, "last_s": 15.02, "late_ms": 4.0}
    assert figures.worst(RUNS, "last_s") == 15.3
    assert figures.missing(RUNS, "rows", 200) == 3  # a row too many is no less wrong
    assert figures.median(RUNS, "never_seen") is None


def test_a_report_says_what_was_missed() -> None:
    report = figures.report(RUNS, [Target("latest, s", 15.2, 15.3)], desks=2)
    assert report["passed"] is False
    assert report["desks"] == 2
    assert report["targets"] == [
        {"what": "latest, s", "limit": 15.2, "measured": 15.3, "passed": False}
    ]


def test_a_process_is_known_by_what_it_uses() -> None:
    assert figures.cpu_s(os.getpid()) > 0
    assert 5 < figures.rss_mib(os.getpid()) < 5000
