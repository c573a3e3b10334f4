import asyncio
import time
from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.talk.audio import read
from ivr.talk.testing import DyingVoice, HumVoice
from ivr.talk.voice.studio import Studio, rendering


async def test_a_text_is_rendered_once_at_both_rates(hum: HumVoice) -> None:
    async with Studio(hum, "zh-CN") as studio:
        made = await studio.render("请按1")
        again = await studio.render("请按一")
    assert made == again
    assert hum.said == ["请按一"]
    assert [read(path).rate for path in made.files.values()] == [8_000, 16_000]


async def test_two_studios_at_once_do_the_work_once(hum: HumVoice) -> None:
    async with Studio(hum, "zh-CN") as one, Studio(hum, "zh-CN") as other:
        await asyncio.gather(one.render("您好"), other.render("您好"))
    assert hum.said == ["您好"]


async def test_another_voice_or_version_is_another_file(hum: HumVoice) -> None:
    keys = {
        rendering(voice, "您好", "zh-CN").key
        for voice in (hum, HumVoice(hum.notes, name="low"), HumVoice(hum.notes, version="2"))
    }
    assert len(keys) == 3


async def test_the_event_loop_goes_on(hum: HumVoice) -> None:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - before)

    async with Studio(hum, "zh-CN") as studio:
        await studio.render("先起来")  # the worker is up
        watching = asyncio.create_task(watch())
        await studio.render("你好" * 500)
        watching.cancel()
    assert longest < 0.25


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "nothing in it"), ("……", "nothing in it"), ("好" * 5_001, "5001 characters")],
)
async def test_a_text_that_cannot_be_said(hum: HumVoice, text: str, says: str) -> None:
    async with Studio(hum, "zh-CN") as studio:
        with pytest.raises(UserError, match=says):
            await studio.render(text)


async def test_a_voice_that_dies_costs_one_text(cache: Path, hum: HumVoice) -> None:
    async with Studio(DyingVoice(), "zh-CN") as studio:
        with pytest.raises(UserError, match="dying died while speaking"):
            await studio.render("您好")
        studio.voice = hum
        await studio.render("您好")
    assert hum.said == ["您好"]


async def test_nothing_half_written_is_left(hum: HumVoice, cache: Path) -> None:
    async with Studio(hum, "zh-CN") as studio:
        await studio.render("您好")
    assert sorted(path.suffix for path in (cache / "voice").iterdir()) == [".wav", ".wav"]
