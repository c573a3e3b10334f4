import json
from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.settings import Settings, Site
from ivr.talk import prompts
from ivr.talk.audio import longest_gap_s, loudness_db, read
from ivr.talk.testing import HumVoice, write_hum
from ivr.talk.voice import choose

# What dialplan/ and the guard play.
NEEDED = (
    "greeting-busy",
    "greeting-busy-plain",
    "please-wait-transfer",
    "sorry-wait",
    "offer-callback",
    "callback-taken",
    "recording-notice",
    "transfer-returned",
    "transfer-failed",
    "goodbye",
    "hold",
    "mobile-connect",
)


@pytest.fixture
def humming(hum: HumVoice, monkeypatch: pytest.MonkeyPatch) -> HumVoice:
    monkeypatch.setattr(choose, "prepare", lambda *_: (hum, None))
    return hum


def site(**more: str) -> Settings:
    return Settings(site=Site(**more))  # type: ignore[arg-type]


def test_every_language_has_every_prompt() -> None:
    ids = {language: set(prompts.catalogue(language)) for language in prompts.languages()}
    assert {"zh-CN", "en"} <= set(ids)
    assert len({frozenset(one) for one in ids.values()}) == 1
    assert all(one >= set(NEEDED) for one in ids.values())


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_company_is_named(language: str) -> None:
    said = prompts.texts(site(company="碧水湾物业"), language)
    assert "碧水湾物业" in said["greeting-busy"]
    assert not any("{" in text for text in said.values())


@pytest.mark.parametrize("language", ["fr", "..", ""])
def test_an_unknown_language(language: str) -> None:
    with pytest.raises(UserError, match=r"site\.language"):
        prompts.catalogue(language)


async def test_every_prompt_becomes_files_and_a_line(humming: HumVoice, tmp_path: Path) -> None:
    told: list[float] = []
    report = await prompts.build(
        site(), "zh-CN", tmp_path / "out", lambda _what, done: told.append(done)
    )
    assert {one.id for one in report.prompts} == {*prompts.catalogue("zh-CN"), "music"}
    assert {one.id for one in report.prompts} == set(report.rendered) >= {*NEEDED}
    for one in report.prompts:
        sound = read(tmp_path / f"out/zh-CN/{one.id}.wav")
        assert sound.rate == 8_000
        assert sound.seconds == pytest.approx(one.seconds, abs=0.01)
        wide = (tmp_path / f"out/zh-CN/{one.id}.sln16").stat().st_size / 2 / 16_000
        assert wide == pytest.approx(one.seconds, abs=0.05)
    lines = json.loads((tmp_path / "out/zh-CN/manifest.json").read_text("utf-8"))
    assert lines[0]["id"] == "greeting-busy"
    assert lines[0]["voice"] == "hum"
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert prompts.outdated(site(), "zh-CN", tmp_path / "out") == []


async def test_only_what_changed_is_made_again(humming: HumVoice, tmp_path: Path) -> None:
    out = tmp_path / "out"
    await prompts.build(site(), "zh-CN", out)
    assert (await prompts.build(site(), "zh-CN", out)).rendered == ()
    moved = site(company="碧水湾物业")
    assert prompts.outdated(moved, "zh-CN", out) == ["greeting-busy", "greeting-busy-plain"]
    second = await prompts.build(moved, "zh-CN", out)
    assert second.rendered == ("greeting-busy", "greeting-busy-plain")
    assert second.seconds < 2


async def test_a_lost_file_comes_back_without_the_voice(humming: HumVoice, tmp_path: Path) -> None:
    await prompts.build(site(), "zh-CN", tmp_path / "out")
    said = len(humming.said)
    (tmp_path / "out/zh-CN/hold.wav").unlink()
    assert (await prompts.build(site(), "zh-CN", tmp_path / "out")).rendered == ("hold",)
    assert len(humming.said) == said


async def test_a_damaged_file_is_seen(humming: HumVoice, tmp_path: Path) -> None:
    await prompts.build(site(), "zh-CN", tmp_path / "out")
    (tmp_path / "out/zh-CN/hold.wav").write_bytes(b"RIFF")
    assert prompts.outdated(site(), "zh-CN", tmp_path / "out") == ["hold"]


async def test_the_offices_own_recording_wins(humming: HumVoice, tmp_path: Path) -> None:
    own = tmp_path / "prompts-own"
    own.mkdir()
    write_hum(own / "goodbye.wav", seconds=2.0)
    write_hum(own / "music.wav", seconds=3.0)
    report = await prompts.build(site(), "zh-CN", tmp_path / "out")
    seconds = {one.id: one.seconds for one in report.prompts}
    assert seconds["goodbye"] == pytest.approx(2.2, abs=0.05)
    assert seconds["music"] == pytest.approx(3.2, abs=0.05)
    write_hum(own / "goodbye.wav", seconds=1.0)
    assert (await prompts.build(site(), "zh-CN", tmp_path / "out")).rendered == ("goodbye",)
    (own / "goodbye.wav").unlink()
    assert (await prompts.build(site(), "zh-CN", tmp_path / "out")).rendered == ("goodbye",)


async def test_a_recording_of_one_language_is_not_for_another(
    humming: HumVoice, tmp_path: Path
) -> None:
    (tmp_path / "prompts-own/en").mkdir(parents=True)
    write_hum(tmp_path / "prompts-own/en/hold.wav", seconds=2.0)
    write_hum(tmp_path / "prompts-own/goodbye.wav", seconds=2.0)
    report = await prompts.build(site(), "en", tmp_path / "out")
    own = [one.id for one in report.prompts if "prompts-own" in one.voice]
    assert own == ["hold"]


async def test_a_recording_that_is_none(humming: HumVoice, tmp_path: Path) -> None:
    (tmp_path / "prompts-own").mkdir()
    (tmp_path / "prompts-own/hold.wav").write_bytes(b"not a sound")
    with pytest.raises(UserError, match=r"hold\.wav"):
        await prompts.build(site(), "zh-CN", tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize(("language", "least", "most"), [("zh-CN", 0.1, 0.4), ("en", 0.04, 0.14)])
async def test_the_best_voice_here_is_fit_for_the_telephone(
    language: str, least: float, most: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real voice, from the cache when the set-up has rendered already."""
    if not choose.available(language):
        pytest.skip("no voice on this machine; `ivr prompts build` fetches one")
    monkeypatch.setattr(choose, "prepare", lambda *_: (choose.choose(language), None))
    report = await prompts.build(site(), language, tmp_path / "out")
    for one in report.prompts:
        sound = read(report.folder / f"{one.id}.wav")
        assert sound.peak_db <= -2.9, one
        if one.id == "music":
            assert sound.seconds >= 30
            continue
        assert loudness_db(sound) == pytest.approx(-20, abs=1.5), one
        assert longest_gap_s(sound) < 0.8, one
        assert least < sound.seconds / len(one.text) < most, one  # seconds a character
