"""What a script says is on disk before anybody is phoned; nothing is made twice."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.talk.audio import read
from ivr.talk.line import RATE, load
from ivr.talk.script import Recordings, Script, ScriptError, find, spoken
from ivr.talk.script import load as load_script
from ivr.talk.script.render import sentences
from ivr.talk.testing import HumVoice
from ivr.talk.voice import choose


@pytest.fixture
def hum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HumVoice:
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    voice = HumVoice(tmp_path / "said.txt")
    monkeypatch.setattr(choose, "choose", lambda *_: voice)
    return voice


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("周先生，早上好。这里是物业。", ["周先生，早上好。", "这里是物业。"]),
        ("修好了吗？", ["修好了吗？"]),
        ("没有标点", ["没有标点"]),
        ("真的？！ 好。再见", ["真的？！", "好。", "再见"]),
    ],
)
def test_sentences(text: str, pieces: list[str]) -> None:
    assert sentences(text) == pieces


async def test_once_for_all_and_once_per_owner(hum: HumVoice, tmp_path: Path) -> None:
    script = load_script(find("repair", "zh-CN"))
    zhou = dict(script.values)
    wang = zhou | {"greeting": "王小姐，晚上好"}
    recordings = Recordings(tmp_path / "data")
    made = await recordings.prepare(script, [zhou])
    assert made == len(hum.said) > 10
    assert await recordings.prepare(script, [zhou, wang]) == 1
    assert hum.said[-1] == "王小姐，晚上好。"
    assert await recordings.prepare(script, [wang]) == 0

    sounds = await recordings.sounds(script, wang)
    assert set(sounds) == {*spoken(script, wang), "beep"}
    hello = sounds["hello"]
    assert isinstance(hello, Path)
    parts = sentences(spoken(script, wang)["hello"])
    assert read(hello).seconds > sum(len(one) for one in parts) / 10  # both, and a breath
    for sound in sounds.values():
        assert len(await load(sound)) > RATE / 10
    assert await recordings.sounds(script, wang) == sounds


async def test_who_needs_care_is_spoken_to_slowly(
    hum: HumVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds: list[float] = []
    monkeypatch.setattr(
        choose, "choose", lambda _language, _voice, speed: speeds.append(speed) or hum
    )
    script = load_script(find("repair", "zh-CN"))
    old = dict(script.values) | {"care": "yes"}
    recordings = Recordings(tmp_path, care_speed=0.8)
    made = await recordings.prepare(script, [script.values, old])
    assert sorted(speeds) == [0.8, 1.0]
    assert await recordings.prepare(script, [old]) == 0
    assert made % 2 == 0  # every sentence twice
    everybody = await recordings.sounds(script, script.values)
    assert (await recordings.sounds(script, old))["hello"] != everybody["hello"]


async def test_what_nobody_was_told_for_long_is_deleted(hum: HumVoice, tmp_path: Path) -> None:
    script = load_script(find("repair", "zh-CN"))
    recordings = Recordings(tmp_path)
    made = await recordings.prepare(script, [script.values])
    assert recordings.purge(time.time() - 3600) == 0
    assert recordings.purge(time.time() + 1) >= made
    with pytest.raises(UserError, match="was not prepared"):
        await recordings.sounds(script, script.values)


async def test_nothing_is_made_in_the_middle_of_a_call(hum: HumVoice, tmp_path: Path) -> None:
    script = load_script(find("repair", "zh-CN"))
    recordings = Recordings(tmp_path)
    await recordings.prepare(script, [script.values])
    with pytest.raises(UserError, match="was not prepared"):
        await recordings.sounds(script, script.values | {"title": "灯"})
    with pytest.raises(UserError, match="no such value"):
        await recordings.prepare(script, [{}])


async def test_a_script_that_fails_its_check_is_not_spoken(
    hum: HumVoice, tmp_path: Path, scripted: Callable[..., Script]
) -> None:
    script = scripted("  a:\n    say: 您好。\n    next: a\n")
    with pytest.raises(ScriptError, match="goes round without an end"):
        await Recordings(tmp_path).prepare(script, [{}])
    assert hum.said == []
