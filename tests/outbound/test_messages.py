"""The sound of a notice: parts made before, joined for each call, forgotten in time."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.outbound.messages import AROUND, HOURS_AHEAD, Messages, listener, purge, subject
from ivr.outbound.notice import Listener, Notice, NoticeKind, Place
from ivr.settings import Care, Notices, Paths, Settings
from ivr.talk.audio import read
from ivr.talk.voice import program

pytestmark = pytest.mark.skipif(program.find() is None, reason="no espeak-ng on this machine")

ZONE = Settings().site.zone
NOW = datetime(2026, 11, 22, 16, 30, tzinfo=ZONE)
HOUR = timedelta(hours=1)
WATER = Notice(
    id="n", kind=NoticeKind.WATER, scope="3栋", cause="水箱清洗",
    begin=NOW + 4 * HOUR, end=NOW + 6 * HOUR,
)  # fmt: skip
ZHOU, WANG = Listener("周先生", "3"), Listener("王女士", "3")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A quick voice: what it says is the same."""
    return Settings(
        paths=Paths(data=tmp_path, prompts=tmp_path / "prompts"), notices=Notices(voice="espeak")
    )


async def test_what_many_homes_share_is_spoken_once(settings: Settings) -> None:
    messages = Messages(settings)
    about = (WATER, [ZHOU, WANG, ZHOU], Place.BUILDING, NOW, NOW)
    done: list[float] = []
    assert await messages.prepare(*about, lambda _, share: done.append(share)) == 5
    assert {file.stem for file in (settings.paths.prompts / "zh-CN").iterdir()} == set(AROUND)
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert await messages.prepare(*about) == 0
    zhou, wang = [
        read(await messages.message(WATER, who, Place.BUILDING, NOW)) for who in (ZHOU, WANG)
    ]
    assert zhou.rate == 8000
    assert zhou.seconds == pytest.approx(wang.seconds, abs=0.5)


async def test_it_can_be_said_at_any_hour_that_was_prepared(settings: Settings) -> None:
    """今天 becomes 现已, 下午好 becomes 晚上好: each hour has its parts."""
    messages = Messages(settings)
    last = NOW + 5 * HOUR
    await messages.prepare(WATER, [ZHOU], Place.BUILDING, NOW, last)
    files = set()
    moment = NOW
    while moment <= last:
        files.add(await messages.message(WATER, ZHOU, Place.BUILDING, moment))
        moment += timedelta(minutes=10)
    assert len(files) == 3


async def test_nothing_is_rendered_during_a_call(settings: Settings) -> None:
    messages = Messages(settings)
    await messages.prepare(WATER, [ZHOU], Place.BUILDING, NOW, NOW)
    with pytest.raises(UserError, match="prepare the notice again"):
        await messages.message(WATER, WANG, Place.BUILDING, NOW)
    late = NOW + timedelta(hours=HOURS_AHEAD)
    with pytest.raises(UserError, match="prepare the notice again"):
        await messages.message(WATER, ZHOU, Place.BUILDING, late)


async def test_special_care_is_spoken_slower_and_without_a_menu(settings: Settings) -> None:
    messages = Messages(settings)
    old = replace(ZHOU, care=True)
    await messages.prepare(WATER, [ZHOU, old], Place.BUILDING, NOW, NOW)
    text = messages.text(WATER, old, Place.BUILDING, NOW)
    assert text.endswith("请您见谅。如需帮助，请不要挂机，马上为您接通工作人员。")
    with_menu = Messages(settings.model_copy(update={"care": Care(person=False)}))
    assert with_menu.text(WATER, old, Place.BUILDING, NOW).endswith("转人工请按0。")
    await with_menu.prepare(WATER, [old], Place.BUILDING, NOW, NOW)
    slow, usual = [
        read(await with_menu.message(WATER, who, Place.BUILDING, NOW)) for who in (old, ZHOU)
    ]
    assert slow.seconds / usual.seconds == pytest.approx(1 / 0.85, abs=0.08)


async def test_voices_are_forgotten_when_nobody_used_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = Messages(settings)
    await messages.prepare(WATER, [ZHOU, WANG], Place.BUILDING, NOW, NOW)
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))  # the others' voices stay
    cached = tmp_path / "cache" / "voice" / "name.8000.wav"
    cached.parent.mkdir(parents=True)
    cached.touch()
    made = [*(tmp_path / "notices").rglob("*.wav"), cached]
    long_ago = NOW.timestamp() - 91 * 86_400
    for file in made:
        os.utime(file, (long_ago, long_ago))
    await messages.message(WATER, ZHOU, Place.BUILDING, NOW)  # used today
    assert purge(settings, NOW.timestamp()) == 2  # 尊敬的王女士, and what the cache had
    await messages.message(WATER, ZHOU, Place.BUILDING, NOW)
    with pytest.raises(UserError):
        await messages.message(WATER, WANG, Place.BUILDING, NOW)
    assert not cached.exists()


def test_a_task_carries_its_listener() -> None:
    who = Listener("周先生", "3", "2", "1201", "en", care=True)
    assert listener(subject(who)) == who
    assert listener('{"address": "", "building": "3"}') == Listener("", "3")  # of an older version


async def test_english_owners_are_spoken_to_in_english(settings: Settings) -> None:
    """From the template to the sound, with what is said around it."""
    messages = Messages(settings)
    smith = Listener("Mr Smith", "3", language="en")
    await messages.prepare(WATER, [ZHOU, smith], Place.BUILDING, NOW, NOW)
    text = messages.text(WATER, smith, Place.BUILDING, NOW)
    assert "building 3 will be without water from 8:30 PM to 10:30 PM today" in text
    heard = read(await messages.message(WATER, smith, Place.BUILDING, NOW))
    assert heard.seconds > 10
    said = sorted(file.stem for file in (settings.paths.prompts / "en").iterdir())
    assert said == sorted(AROUND)
