"""The service put together, fed by hand; with a real Asterisk it is tested in tests/system."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port
from pydantic import SecretStr
from structlog.testing import capture_logs

from ivr.calls.facts import CallEnded, Fact
from ivr.errors import UserError
from ivr.pbx import events as ev
from ivr.service import TOKEN_FILE, Service
from ivr.settings import Ami, Ladder, Line, Media, Paths, Phone, Settings, Trunk
from ivr.store.calls import CallFilter

CITY = ev.Channel("PJSIP/city-0", "1.0", "1.0", 4, "13800138000", "", "", "in", "4008001234")
DESK = ev.Channel("PJSIP/101-1", "1.1", "1.0", 5, "101", "", "", "", "")
CALL: list[ev.Event] = [
    ev.Newchannel(100.0, CITY),
    ev.DialBegin(100.1, CITY, DESK, "101"),
    ev.DialState(100.1, "1.0", DESK, "RINGING"),
    ev.HangupRequest(107.0, CITY, 16, False),
    ev.DialEnd(107.0, "1.0", DESK, "CANCEL", ""),
    ev.Hangup(107.0, DESK, 127, ""),
    ev.Hangup(107.0, CITY, 127, ""),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        ami=Ami(port=unused_port(), secret=SecretStr("x")),
        media=Media(port=unused_port()),
        phones=[Phone(ext=ext, device=f"PJSIP/{ext}") for ext in ("101", "102", "301")],
        trunks=[Trunk(device="PJSIP/city")],
        lines=[
            Line(
                name="hotline",
                did=["4008001234"],
                ladders=[Ladder(primary=["101"], backup=["102"])],
            )
        ],
        paths=Paths(data=tmp_path / "data", prompts=tmp_path / "prompts"),
    )


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with await Service.open(settings) as service:
        yield service


async def test_a_subscriber_that_fails_takes_nothing_from_the_others(service: Service) -> None:
    heard: list[Fact] = []

    def fails(fact: Fact) -> None:
        raise RuntimeError("a subscriber's own mistake")

    service.subscribe(fails)
    service.subscribe(heard.append)
    with capture_logs() as logs:
        for event in CALL:
            service._on_event(event)
    assert [type(fact) for fact in heard].count(CallEnded) == 1
    assert {each["event"] for each in logs} == {"a subscriber failed"}
    await service.log.close()
    assert (await service.calls.find(CallFilter())).total == 1


async def test_who_may_help_out(service: Service) -> None:
    """The ladder's backup; for a phone that an outside caller rang, the whole desk."""
    own = CITY._replace(name="PJSIP/city-2", uniqueid="2.0", linkedid="2.0", exten="301")
    for channel in (CITY, own):
        service._on_event(ev.Newchannel(100.0, channel))
    hotline, direct = service.tracker.calls
    now = service.started_at
    assert service._backups(hotline, now) == ("102",)
    assert service._backups(direct, now) == ("101", "102")


async def test_the_token_is_made_once_and_for_its_owner_only(settings: Settings) -> None:
    tokens = []
    for _ in range(2):
        async with await Service.open(settings) as service:
            tokens.append(service.token)
    assert tokens[0] == tokens[1]
    assert len(tokens[0]) >= 32
    assert (settings.paths.data / TOKEN_FILE).stat().st_mode & 0o077 == 0


async def test_two_at_once_are_one_too_many(service: Service, settings: Settings) -> None:
    with pytest.raises(UserError, match="another ivr uses this database"):
        await Service.open(settings)


async def test_what_cannot_start_leaves_nothing_behind(service: Service, tmp_path: Path) -> None:
    """The media port is taken: the next try finds the database free."""
    paths = Paths(data=tmp_path / "other")
    taken = service.settings.model_copy(update={"paths": paths})
    for _ in range(2):
        with pytest.raises(UserError, match=str(taken.media.port)):
            async with await Service.open(taken):
                pass
