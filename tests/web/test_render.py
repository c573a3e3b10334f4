"""Times, numbers and JSON as pages show them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from ivr.web.render import _json, environment, moment, percent, span
from ivr.web.signin import device

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 14, 32, tzinfo=ZONE).timestamp()


@pytest.mark.parametrize(
    ("ago_h", "words"),
    [
        (0, "14:32"),
        (14, "00:32"),
        (15, "11-21 23:32"),
        (-10, "11-23 00:32"),
        (8760, "2025-11-22 14:32"),
    ],
)
def test_a_moment_is_as_short_as_it_stays_clear(ago_h: float, words: str) -> None:
    assert moment(NOW - ago_h * 3600, NOW, ZONE) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0:00"),
        (8.4, "0:08"),
        (59.6, "1:00"),
        (131, "2:11"),
        (3731, "1:02:11"),
        (-5, "0:00"),
        (None, "–"),
    ],
)
def test_spans(seconds: float | None, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.978, "97.8 %"), (1, "100 %"), (0, "0 %"), (0.12345, "12.3 %"), (None, "–")],
)
def test_shares(share: float | None, words: str) -> None:
    assert percent(share) == words


def test_json_cannot_end_its_element() -> None:
    text = _json({"x": "</script><!-- & 王"})
    assert isinstance(text, Markup)
    assert "<" not in text
    assert "王" in text


def test_everything_is_escaped() -> None:
    template = environment().from_string("{{ x }} {{ _('共 %(count)s 条', count=x) }}")
    assert "<b>" not in template.render(x="<b>")


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/120 Safari/537.36 Edg/120",
            "Edge · Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 13) AppleWebKit Chrome/110 MicroMessenger/8",
            "微信 · Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) Version/17 Safari/604",
            "Safari · iPhone",
        ),
        ("curl/8", "curl/8"),
        ("", "?"),
    ],
)
def test_devices(agent: str, words: str) -> None:
    assert device(agent) == words
