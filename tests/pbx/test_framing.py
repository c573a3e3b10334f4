from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ivr.pbx.framing import Framer

GREETING = "Asterisk Call Manager/11.0.0"


def feed_all(framer: Framer, data: bytes, cuts: list[int]) -> list[str]:
    messages = []
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in pairwise(edges):
        messages += framer.feed(data[start:end])
    return messages


def framed(text: str) -> list[str]:
    return Framer().feed(text.encode())


def test_messages_end_at_a_blank_line() -> None:
    assert framed("Event: A\r\nX: 1\r\n\r\nEvent: B\r\n\r\n") == ["Event: A\nX: 1", "Event: B"]


def test_the_greeting_is_kept_apart() -> None:
    framer = Framer()
    assert framer.feed(f"{GREETING}\r\nResponse: Success\r\n\r\n".encode()) == ["Response: Success"]
    assert framer.greeting == GREETING


def test_bare_line_feeds_and_extra_blank_lines_are_tolerated() -> None:
    assert framed("Event: A\n\n\n\r\nEvent: B\r\n\n") == ["Event: A", "Event: B"]


def test_a_header_inside_a_message_starts_no_other_one() -> None:
    """A caller's text that a dialplan puts into UserEvent() must forge nothing."""
    text = "Event: UserEvent\r\nName: x\r\nEvent: Hangup\r\nUniqueid: 1.1"
    assert framed(f"{text}\r\n\r\n") == [text.replace("\r\n", "\n")]


def test_a_character_split_over_two_segments_survives() -> None:
    data = "Event: A\r\nCallerIDName: 张三丰\r\n\r\n".encode()
    cut = data.index("三".encode()) + 1
    framer = Framer()
    assert framer.feed(data[:cut]) == []
    assert framer.feed(data[cut:]) == ["Event: A\nCallerIDName: 张三丰"]


def test_broken_utf8_loses_nothing_else() -> None:
    framer = Framer()
    data = b"Event: A\r\nN: \xff\xe5\xbc\r\n\r\nEvent: B\r\n\r\n"
    assert framer.feed(data) == ["Event: A\nN: ��", "Event: B"]


def test_a_message_without_end_is_dropped_and_the_stream_goes_on() -> None:
    framer = Framer(limit=1000)
    messages = framer.feed(b"Event: A\r\n\r\nEvent: Long\r\nCallerIDName: ")
    for _ in range(100):
        messages += framer.feed(b"x" * 100)
        assert len(framer.rest) < 1200
    messages += framer.feed(b"\r\n\r\nEvent: B\r\n\r\n")
    assert messages == ["Event: A", "Event: B"]
    assert framer.dropped == 1


def test_a_name_of_a_megabyte_fits_no_message() -> None:
    framer = Framer()
    long = b"Event: Long\r\nCallerIDName: " + b"x" * (1 << 20)
    assert framer.feed(b"Event: A\r\n\r\n" + long + b"\r\n\r\nEvent: B\r\n\r\n") == [
        "Event: A",
        "Event: B",
    ]
    assert framer.dropped == 1


VALUES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=40)
MESSAGES = st.lists(
    st.tuples(st.sampled_from(["Event: A", "Response: Success"]), st.lists(VALUES, max_size=4)).map(
        lambda parts: "\n".join([parts[0], *(f"Key: {value}" for value in parts[1])])
    ),
    max_size=8,
)


@given(
    messages=MESSAGES,
    ends=st.lists(st.sampled_from(["\r\n\r\n", "\n\n", "\r\n\n", "\r\n\r\n\r\n"]), min_size=8),
    eol=st.sampled_from(["\r\n", "\n"]),
    greeting=st.sampled_from(["", f"{GREETING}\r\n"]),
    limit=st.sampled_from([32, 64, 1 << 20]),
    cuts=st.lists(st.integers(0, 5000), max_size=60),
)
def test_any_split_gives_the_same_messages(
    messages: list[str], ends: list[str], eol: str, greeting: str, limit: int, cuts: list[int]
) -> None:
    data = greeting + "".join(
        message.replace("\n", eol) + end for message, end in zip(messages, ends, strict=False)
    )
    framer = Framer(limit)
    expected = [message for message in messages if len(message.encode()) <= limit]
    assert feed_all(framer, data.encode(), cuts) == expected
    assert framer.dropped == len(messages) - len(expected)


@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=50))
def test_any_bytes_split_anyhow_are_framed_alike(data: bytes, cuts: list[int]) -> None:
    data = data.replace(b"\x00", b"\r\n")
    assert feed_all(Framer(), data, cuts) == Framer().feed(data)
