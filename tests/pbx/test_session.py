"""The session against a real Asterisk, through a proxy that breaks things."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from ivr.pbx import actions, session
from ivr.pbx import events as ev
from ivr.pbx.asterisk import Asterisk
from ivr.pbx.protocol import Link
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost, Session
from ivr.pbx.testing import FaultProxy
from ivr.settings import Ami

pytestmark = [
    pytest.mark.pbx,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("asterisk"),
]


class Heard(list[ev.Event]):
    """A subscriber that one can wait on."""

    def __init__(self) -> None:
        self.more = asyncio.Event()

    def __call__(self, event: ev.Event) -> None:
        self.append(event)
        self.more.set()

    async def until(self, wanted: Callable[["Heard"], bool], timeout_s: float = 10.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not wanted(self):
                self.more.clear()
                await self.more.wait()

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self]

    def count(self, kind: object) -> int:
        return self.kinds().count(kind.__name__ if isinstance(kind, type) else str(kind))


async def until(wanted: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """For what no event announces."""
    async with asyncio.timeout(timeout_s):
        while not wanted():  # noqa: ASYNC110 - no event announces it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(ami: Ami, **changes: object) -> AsyncIterator[tuple[Session, Heard]]:
    heard = Heard()
    async with Session(ami.model_copy(update=changes), heard) as one:
        async with asyncio.timeout(10):
            await one.wait_booted()
        yield one, heard


@asynccontextmanager
async def proxied(ami: Ami, **changes: object) -> AsyncIterator[tuple[Session, Heard, FaultProxy]]:
    """Connected through a proxy that nothing has been done to yet."""
    async with (
        FaultProxy(ami.host, ami.port) as proxy,
        connected(ami, port=proxy.port, **changes) as (one, heard),
    ):
        yield one, heard, proxy


def talk(channel_id: str = "", seconds: int = 60) -> actions.Action:
    """A call of two channels that lives for `seconds`."""
    return actions.originate(
        "Local/talk@test", application="Wait", data=str(seconds), channel_id=channel_id or None
    )


async def test_login_then_what_lives_then_events(ami: Ami) -> None:
    async with connected(ami) as (one, heard):
        await heard.until(lambda h: h.count(ev.Snapshot) == 1)
        assert heard.kinds()[:2] == ["FullyBooted", "Snapshot"]
        await one.send(talk("login-1", seconds=0))
        await heard.until(lambda h: h.count(ev.Hangup) == 2)
        response = next(e for e in heard if isinstance(e, ev.OriginateResponse))
        assert (response.success, response.uniqueid) == (True, "login-1")
        assert one.state.connected
        assert one.state.error == ""
        assert 0 <= one.state.lag_s < 1
    assert isinstance(heard[-1], ev.Disconnected)
    assert heard[-1].at is not None


async def test_calls_that_live_at_login_are_in_the_snapshot(ami: Ami) -> None:
    async with connected(ami) as (one, heard):
        await one.send(talk("lives-1"))
        await heard.until(lambda h: h.count(ev.OriginateResponse) == 1)
        async with connected(ami) as (other, other_heard):
            await other_heard.until(lambda h: h.count(ev.Snapshot) == 1)
            snapshot = next(e for e in other_heard if isinstance(e, ev.Snapshot))
            live = next(row for row in snapshot.channels if row.channel.uniqueid == "lives-1")
            assert live.application == "Wait"
            assert live.channel.state == ev.STATE_UP
            assert snapshot.at is not None
            await other.send(actions.hangup(live.channel.name))
        await heard.until(lambda h: h.count(ev.Hangup) == 2)


async def test_what_asterisk_refuses_says_why(ami: Ami) -> None:
    async with connected(ami) as (one, _):
        with pytest.raises(ActionFailed, match="refused Hangup: No such channel"):
            await one.send(actions.hangup("PJSIP/none-00000000"))
        with pytest.raises(ActionFailed, match="not found"):
            await one.send_list(actions.db_get("none", "none"))
        with pytest.raises(ActionFailed):
            await one.command("no such command")


async def test_lists_commands_and_values_come_whole(ami: Ami) -> None:
    async with connected(ami) as (one, _):
        await one.send(actions.db_put("ivr", "key", "值"))
        rows = await one.send_list(actions.db_get("ivr", "key"))
        assert [row["Val"] for row in rows] == ["值"]
        assert await one.send_list(actions.core_show_channels()) == []
        assert "uptime" in await one.command("core show uptime")


async def test_a_dialplans_mark_comes_with_its_fields(ami: Ami) -> None:
    async with connected(ami) as (one, heard):
        await one.send(actions.originate("Local/mark@test", application="Wait", data="1"))
        await heard.until(lambda h: h.count(ev.UserEvent) == 1)
        mark = next(e for e in heard if isinstance(e, ev.UserEvent))
        assert mark.name == "IvrTest"
        assert mark.fields == {"Call": "42", "Note": "你好"}
        assert mark.channel is not None
        assert mark.channel.name.startswith("Local/mark@test")
        await heard.until(lambda h: h.count(ev.Hangup) == 2)


async def test_hostile_variables_arrive_as_they_are(ami: Ami) -> None:
    value = 'a,b "q" \\z (p [b ${EXTEN} 张 x=y'
    async with connected(ami) as (one, heard):
        await one.send(
            actions.originate(
                "Local/talk@test", application="Wait", data="60", variables={"__HOSTILE": value}
            )
        )
        await heard.until(lambda h: h.count(ev.OriginateResponse) == 1)
        channel = next(e for e in heard if isinstance(e, ev.OriginateResponse)).channel
        assert (await one.send(actions.getvar("HOSTILE", channel)))["Value"] == value
        await one.send(actions.hangup(channel))
        await heard.until(lambda h: h.count(ev.Hangup) == 2)


async def test_a_line_of_the_longest_length_is_taken(ami: Ami) -> None:
    longest = "x" * (actions.LINE_LIMIT - len("Val: "))
    async with connected(ami) as (one, _):
        await one.send(actions.db_put("ivr", "long", longest))
        rows = await one.send_list(actions.db_get("ivr", "long"))
        assert rows[0]["Val"] == longest


async def test_a_wrong_secret_is_one_sentence_and_no_storm(ami: Ami) -> None:
    async with FaultProxy(ami.host, ami.port) as proxy:
        wrong = ami.model_copy(update={"port": proxy.port, "secret": SecretStr("guess")})
        with capture_logs() as logs:
            async with Session(wrong) as one:
                await until(lambda: bool(one.state.error))
                assert one.state.error.startswith("Asterisk refused user 'ivr': wrong secret; set")
                with pytest.raises(ConnectionLost, match="wrong secret"):
                    await one.send(actions.ping())
        assert proxy.connections == 1
        assert "guess" not in str(logs)


async def test_a_user_without_rights_is_told_which(ami: Ami) -> None:
    async with connected(ami, user="weak", timeout_s=0.3) as (one, heard):
        assert "add `system` to its write classes" in one.state.error
        assert heard.count(ev.Snapshot) == 0
        with pytest.raises(ActionFailed, match="Permission denied"):
            await one.send(talk())


async def test_nobody_listens(ami: Ami) -> None:
    async with FaultProxy("127.0.0.1", ami.port) as proxy:
        port = proxy.port
    async with Session(ami.model_copy(update={"port": port})) as one:
        await until(lambda: bool(one.state.error))
        assert one.state.error.startswith(f"nothing listens at 127.0.0.1:{port}; is Asterisk")


async def test_what_listens_is_no_ami(ami: Ami, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "REFUSAL_S", 0.0)
    mute = await asyncio.start_server(lambda reader, writer: reader.read(), "127.0.0.1", 0)
    async with mute:
        port = mute.sockets[0].getsockname()[1]
        mute_ami = ami.model_copy(update={"port": port, "timeout_s": 0.2})
        async with Session(mute_ami) as one:
            await until(lambda: bool(one.state.error))
            assert one.state.error == f"what listens at 127.0.0.1:{port} is no AMI; check ami.port"


async def test_a_cut_connection_comes_back_with_a_snapshot(ami: Ami) -> None:
    async with proxied(ami) as (one, heard, proxy):
        await one.send(talk("cut-1"))
        await heard.until(lambda h: h.count(ev.OriginateResponse) == 1)
        proxy.cut()
        await heard.until(lambda h: h.count(ev.Snapshot) == 2)
        assert heard.kinds()[-3:] == ["Disconnected", "FullyBooted", "Snapshot"]
        snapshot = heard[-1]
        assert isinstance(snapshot, ev.Snapshot)
        assert "cut-1" in {row.channel.uniqueid for row in snapshot.channels}
        assert one.state.reconnects == 1
        for row in snapshot.channels:
            if row.channel.uniqueid == "cut-1":
                await one.send(actions.hangup(row.channel.name))
        await heard.until(lambda h: h.count(ev.Hangup) == 2)


async def test_an_action_in_flight_when_the_link_breaks_is_never_sent_again(ami: Ami) -> None:
    async with proxied(ami) as (one, heard, proxy):
        proxy.freeze()
        flying = asyncio.create_task(one.send(talk("once-1")))
        await asyncio.sleep(0)
        proxy.cut()
        with pytest.raises(ConnectionLost):
            await flying
        proxy.thaw()
        await heard.until(lambda h: h.count(ev.Snapshot) == 2)
        await one.send(actions.ping())
        assert "Newchannel" not in heard.kinds()


async def test_a_half_open_link_is_found_out_by_its_silence(ami: Ami) -> None:
    async with proxied(ami, ping_s=0.1) as (one, heard, proxy):
        proxy.freeze()
        await heard.until(lambda h: h.count(ev.Disconnected) == 1)
        assert "silent for 0.3 s" in one.state.error
        proxy.thaw()
        await heard.until(lambda h: h.count(ev.Snapshot) == 2)
        assert one.state.error == ""


async def test_a_quiet_but_living_link_stays(ami: Ami) -> None:
    async with proxied(ami, ping_s=0.05) as (one, _, _):
        await asyncio.sleep(0.5)
        assert one.state.reconnects == 0


async def test_an_action_without_an_answer_times_out(ami: Ami) -> None:
    async with proxied(ami, timeout_s=0.2) as (one, _, proxy):
        proxy.freeze()
        with pytest.raises(ActionTimeout, match=r"did not answer Ping within 0\.2 s"):
            await one.send(actions.ping())
        proxy.thaw()
        await one.send(actions.core_settings())  # the late answer disturbs nobody


async def test_bytes_one_by_one_are_the_same_session(ami: Ami) -> None:
    async with FaultProxy(ami.host, ami.port) as proxy:
        proxy.split_bytes = 1
        async with connected(ami, port=proxy.port) as (one, heard):
            await one.send(actions.user_event("IvrTest", {"Name": "张三丰"}))
            await heard.until(lambda h: h.count(ev.UserEvent) == 1)
            assert next(e for e in heard if isinstance(e, ev.UserEvent)).fields == {
                "Name": "张三丰"
            }


async def test_closing_while_waiting_to_reconnect_really_closes(ami: Ami) -> None:
    async with FaultProxy(ami.host, ami.port) as proxy:
        proxy.refusing = True
        before = asyncio.all_tasks()
        one = Session(ami.model_copy(update={"port": proxy.port}))
        await one.start()
        await proxy.wait_connections(2)
        await until(lambda: bool(one.state.error))
        await one.close()
        await one.close()  # twice is no harm
        mine = {task for task in asyncio.all_tasks() - before if "Session" in repr(task)}
        assert mine == set()


async def test_a_failing_subscriber_disturbs_nobody(ami: Ami) -> None:
    def broken(_: ev.Event) -> None:
        raise RuntimeError("not my day")

    after = Heard()
    with capture_logs() as logs:
        async with Session(ami, broken) as one:
            end = one.subscribe(after)
            async with asyncio.timeout(10):
                await one.wait_booted()
            await after.until(lambda h: h.count(ev.Snapshot) == 1)
            assert one.state.failures == 2
            assert one.state.connected
            end()
            await one.send(actions.ping())
    assert after.kinds() == ["FullyBooted", "Snapshot"]
    assert sum(entry["log_level"] == "error" for entry in logs) >= 2


async def test_a_consumer_that_falls_behind_stops_the_reading_not_the_stream(
    ami: Ami, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []
    pause = Link.pause

    def counted(link: Link) -> None:
        pauses.append(link)
        pause(link)

    monkeypatch.setattr(Link, "pause", counted)
    monkeypatch.setattr(session, "QUEUE_BOUND", 10)
    monkeypatch.setattr(session, "SLICE_S", 0.0)
    async with connected(ami) as (one, heard):
        numbers = range(300)
        await asyncio.gather(
            *(one.send(actions.user_event("IvrTest", {"N": str(n)})) for n in numbers)
        )
        await heard.until(lambda h: h.count(ev.UserEvent) == len(numbers))
        told = [e.fields["N"] for e in heard if isinstance(e, ev.UserEvent)]
        assert told == [str(n) for n in numbers]
        assert pauses
        assert one.state.reconnects == 0


async def test_asterisk_killed_and_started_again(ami: Ami, asterisk: Asterisk) -> None:
    async with connected(ami) as (one, heard):
        await one.send(talk("killed-1"))
        await heard.until(lambda h: h.count(ev.OriginateResponse) == 1)
        await asterisk.kill()
        await heard.until(lambda h: h.count(ev.Disconnected) == 1)
        await asterisk.start()
        await heard.until(lambda h: h.count(ev.Snapshot) == 2, timeout_s=20)
        assert isinstance(heard[-1], ev.Snapshot)
        assert heard[-1].channels == ()
