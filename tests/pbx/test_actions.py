import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.pbx import actions
from ivr.pbx.actions import LINE_LIMIT, Action

TABLE = [
    (actions.ping(), "Ping", {}),
    (actions.hangup("PJSIP/101-1", 26), "Hangup", {"Channel": "PJSIP/101-1", "Cause": "26"}),
    (
        actions.originate(
            "PJSIP/103",
            application="PickupChan",
            data="PJSIP/101-1",
            channel_id="id-1",
            caller_id='"周先生" <13800138000>',
            timeout_s=2.5,
        ),
        "Originate",
        {
            "Channel": "PJSIP/103",
            "Async": "true",
            "Timeout": "2500",
            "Application": "PickupChan",
            "Data": "PJSIP/101-1",
            "ChannelId": "id-1",
            "CallerID": '"周先生" <13800138000>',
        },
    ),
    (
        actions.originate("Local/1@x", context="desk", exten="101", other_channel_id="id-2"),
        "Originate",
        {
            "Channel": "Local/1@x",
            "Async": "true",
            "Timeout": "30000",
            "Context": "desk",
            "Exten": "101",
            "Priority": "1",
            "OtherChannelId": "id-2",
        },
    ),
    (
        actions.redirect("A", "desk", "101", extra_channel="B", extra_exten="102"),
        "Redirect",
        {
            "Channel": "A",
            "Context": "desk",
            "Exten": "101",
            "Priority": "1",
            "ExtraChannel": "B",
            "ExtraContext": "desk",
            "ExtraExten": "102",
            "ExtraPriority": "1",
        },
    ),
    (
        actions.blind_transfer("A", "desk", "102"),
        "BlindTransfer",
        {"Channel": "A", "Context": "desk", "Exten": "102"},
    ),
    (
        actions.setvar("CALLERID(name)", "a,b", "A"),
        "Setvar",
        {"Channel": "A", "Variable": "CALLERID(name)", "Value": "a,b"},
    ),
    (actions.getvar("X"), "Getvar", {"Variable": "X"}),
    (actions.db_del_tree("ivr"), "DBDelTree", {"Family": "ivr"}),
    (actions.mix_monitor("A", "a.wav"), "MixMonitor", {"Channel": "A", "File": "a.wav"}),
    (actions.user_event("E", {"Call": "1"}), "UserEvent", {"UserEvent": "E", "Call": "1"}),
]


@pytest.mark.parametrize(("action", "name", "headers"), TABLE, ids=[row[1] for row in TABLE])
def test_what_is_sent(action: Action, name: str, headers: dict[str, str]) -> None:
    assert (action.name, dict(action.headers)) == (name, headers)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\0", "\u2028", "\x85"])
def test_a_line_break_is_refused_wherever_it_stands(end: str) -> None:
    hostile = f"x{end}Action: Originate"
    for build in (
        lambda: actions.login("ivr", hostile),
        lambda: actions.hangup(hostile),
        lambda: actions.originate("PJSIP/1", application="Wait", data=hostile),
        lambda: actions.originate("PJSIP/1", application="Wait", variables={"A": hostile}),
        lambda: actions.setvar("A", hostile),
        lambda: actions.db_put("ivr", "key", hostile),
        lambda: actions.user_event("E", {"A": hostile}),
        lambda: actions.command(hostile),
    ):
        with pytest.raises(ValueError, match="carries a line break"):
            build()


@pytest.mark.parametrize("name", ["A=1,B", "A\r\nB", "", "A b", "${X}", "SHELL(id"])
def test_a_variable_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a channel variable"):
        actions.setvar(name, "1")
    with pytest.raises(ValueError, match="is no name of a channel variable"):
        actions.originate("PJSIP/1", application="Wait", variables={name: "1"})


@pytest.mark.parametrize("key", ["A: 1\r\nB", "", "A b", "键"])
def test_a_header_has_a_plain_name(key: str) -> None:
    with pytest.raises(ValueError, match="is no name of a header"):
        actions.user_event("E", {key: "1"})


def test_a_line_that_asterisk_would_refuse_is_refused_here() -> None:
    fits = (LINE_LIMIT - len("Val: ")) // 3
    assert actions.db_put("ivr", "key", "值" * fits)
    with pytest.raises(ValueError, match=f"Val is longer than {LINE_LIMIT} bytes"):
        actions.db_put("ivr", "key", "值" * (fits + 1))


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="is no valid text"):
        actions.hangup("x\ud800")


@pytest.mark.parametrize("target", [{}, {"application": "Wait", "exten": "1"}])
def test_an_originate_leads_to_one_place(target: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either an application or an extension"):
        actions.originate("PJSIP/1", **target)  # type: ignore[arg-type]


@given(value=st.text())
def test_no_value_makes_a_second_line(value: str) -> None:
    try:
        action = actions.setvar("A", value)
    except ValueError:
        return
    (_, (_, sent)) = action.headers
    assert sent == value
    assert len(f"{value}.".splitlines()) == 1
