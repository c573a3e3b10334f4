import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.talk import protocol
from ivr.talk.protocol import Flow, Pressed, Reached, Refused, Started


@pytest.mark.parametrize(
    ("said", "event"),
    [
        (
            {
                "event": "MEDIA_START",
                "channel": "WebSocket/ivr-media/0x1",
                "format": "slin",
                "ptime": 20,
                "channel_variables": {"IVR_LINE": "service", "N": 1},
            },
            Started("slin", {"IVR_LINE": "service", "N": "1"}),
        ),
        (
            {"event": "MEDIA_START", "channel": "WebSocket/x", "format": "alaw"},
            Started("alaw", {}),
        ),
        ({"event": "DTMF_END", "digit": "#"}, Pressed("#")),
        ({"event": "MEDIA_MARK_PROCESSED", "correlation_id": "12"}, Reached(12)),
        ({"event": "MEDIA_XOFF"}, Flow(stopped=True)),
        ({"event": "MEDIA_XON"}, Flow(stopped=False)),
        ({"event": "ERROR", "error_text": "no"}, Refused("no")),
        ({"event": "QUEUE_DRAINED"}, None),
        ({"event": "SOMETHING_NEW", "x": [1]}, None),
    ],
)
def test_what_asterisk_says(said: dict[str, object], event: protocol.Event | None) -> None:
    assert protocol.parse(json.dumps(said)) == event


@pytest.mark.parametrize(
    "garbage",
    ["", "MEDIA_START connection_id:x", "[]", "{}", '{"event": 1}', "null",
     '{"event":"MEDIA_MARK_PROCESSED"}', '{"event":"MEDIA_MARK_PROCESSED","correlation_id":"x"}'],
)  # fmt: skip
def test_garbage_is_a_value_error(garbage: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its words are json's
        protocol.parse(garbage)


@given(
    st.text(max_size=40)
    | st.recursive(
        st.none() | st.text(),
        lambda s: st.dictionaries(
            st.sampled_from(["event", "digit", "correlation_id", "channel_variables"]), s
        ),
    ).map(json.dumps)
)
def test_nothing_else_is_ever_raised(text: str) -> None:
    try:
        protocol.parse(text)
    except ValueError:
        return


def test_commands_fit_asterisks_buffer() -> None:
    for text in (protocol.FLUSH, protocol.HANG_UP, protocol.mark(10**9)):
        assert len(text) <= protocol.MAX_COMMAND
    with pytest.raises(ValueError, match="127"):
        protocol.command("MARK_MEDIA", correlation_id="x" * 127)
