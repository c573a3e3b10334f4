"""Each engine by itself, and which is chosen."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ivr.errors import UserError
from ivr.talk import models, music
from ivr.talk.audio import longest_gap_s, loudness_db
from ivr.talk.testing import write_hum
from ivr.talk.voice import choose
from ivr.talk.voice import program as espeak
from ivr.talk.voice.espeak import EspeakVoice, as_pinyin
from ivr.talk.voice.recordings import RecordedVoice, own

needs_espeak = pytest.mark.skipif(espeak.find() is None, reason="no espeak-ng on this machine")


# --- espeak-ng ---


def test_espeak_is_given_pinyin() -> None:
    assert as_pinyin("您好，请按一。A 座") == "nin2 hao3 , qing3 an4 yi1 . ei1 zuo4"


@needs_espeak
@pytest.mark.parametrize(
    ("language", "text"), [("zh-CN", "您好，请稍等。"), ("en", "Please hold.")]
)
def test_espeak_speaks(language: str, text: str) -> None:
    said = choose.choose(language, "espeak").render(text)
    assert 0.5 < said.seconds < 5
    assert loudness_db(said) > -40


@needs_espeak
def test_text_is_never_an_option() -> None:
    assert choose.choose("en", "espeak").render("--help -w /nowhere/x.wav").seconds > 0.5


@needs_espeak
@pytest.mark.parametrize("text", ["，。", "", "…"])
def test_espeak_with_no_words(text: str) -> None:
    with pytest.raises(UserError, match="nothing in it can be said"):
        choose.choose("zh-CN", "espeak").render(text)


@needs_espeak
def test_pitch_is_another_person() -> None:
    low, high = (choose.choose("en", f"espeak:{pitch}") for pitch in (20, 80))
    assert low.version != high.version
    assert not np.array_equal(low.render("Hello").samples, high.render("Hello").samples)


def test_a_program_that_fails_says_how_to_mend_it(tmp_path: Path) -> None:
    program = espeak.Program(Path(shutil.which("false") or "/bin/false"))
    with pytest.raises(UserError, match="apt-get install espeak-ng"):
        EspeakVoice(program, "en").render("Hello")
    with pytest.raises(UserError, match="apt-get install espeak-ng"):
        EspeakVoice(espeak.Program(tmp_path / "gone"), "en").render("Hello")


def test_no_espeak_and_none_to_be_fetched(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install espeak-ng"):
        espeak.find_or_fetch()
    assert espeak.find() is None


# --- recordings ---


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    folder = tmp_path / "recorded"
    folder.mkdir()
    for word, seconds in (("三", 0.3), ("号楼", 0.5), ("三号楼", 0.7), ("停水", 0.4)):
        write_hum(folder / f"{word}.wav", seconds)
    return folder


def test_the_longest_recording_is_taken(recorded: Path) -> None:
    voice = RecordedVoice(recorded)
    assert voice.render("三号楼停水").seconds == pytest.approx(1.1 + 0.08, abs=0.04)
    assert voice.render("三，三").seconds == pytest.approx(0.6 + 0.25 + 0.08, abs=0.04)


def test_what_was_not_recorded_is_said(recorded: Path) -> None:
    with pytest.raises(UserError, match=r"no recording says '停电'"):
        RecordedVoice(recorded).render("三号楼停电")


def test_a_new_recording_is_a_new_version(recorded: Path) -> None:
    before = RecordedVoice(recorded).version
    write_hum(recorded / "停电.wav")
    assert RecordedVoice(recorded).version != before


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_a_folder_without_recordings(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=name):
        RecordedVoice(tmp_path / name).render("三")


def test_own_recordings_are_found_in_any_format(tmp_path: Path) -> None:
    (tmp_path / "hold.mp3").touch()
    assert own(tmp_path, "hold") == tmp_path / "hold.mp3"
    assert own(tmp_path, "goodbye") is None


# --- which ---


def test_without_a_model_espeak_is_best(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "find", lambda: espeak.Program(Path("/bin/true")))
    assert choose.available("zh-CN") == ["espeak"]
    assert choose.choose("zh-CN").name == "espeak"
    assert choose.second("zh-CN").name == "espeak:80"


def test_with_a_model_the_natural_voice_is_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "_kokoro_ready", lambda: True)
    assert choose.choose("zh-CN").name == "zm_yunxi"
    assert choose.second("zh-CN").name == "zf_xiaoyi"
    assert choose.choose("en").name == "af_heart"
    assert choose.choose("zh-CN", "zf_xiaobei").name == "zf_xiaobei"


@pytest.mark.parametrize("name", ["nobody", "af_heart", "espeak:100", "espeak:loud", "recordings:"])
def test_a_voice_that_is_not_here(name: str) -> None:
    with pytest.raises(UserError, match="cannot speak zh-CN here"):
        choose.choose("zh-CN", name)


def test_why_it_is_not_the_natural_voice(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise UserError("no network")

    monkeypatch.setattr(models, "install", fail)
    monkeypatch.setattr(espeak, "find_or_fetch", lambda *_: None)
    monkeypatch.setattr(espeak, "find", lambda: espeak.Program(Path("/bin/true")))
    voice, why = choose.prepare("zh-CN")
    assert voice.name == "espeak"
    assert why in ("no network", None) or "onnxruntime" in why


# --- Kokoro ---

needs_kokoro = pytest.mark.skipif(
    "zm_yunxi" not in choose.available("zh-CN"), reason="`ivr models install kokoro` brings it"
)


@needs_kokoro
@pytest.mark.parametrize("text", ["您好，请稍等。", "W O 二零二六", "WiFi 密码", "Please hold."])
def test_kokoro_speaks(text: str) -> None:
    said = choose.choose("zh-CN").render(text)
    assert 0.4 < said.seconds < 5
    assert said.rate == 24_000
    assert loudness_db(said) > -40


@pytest.mark.slow
@needs_kokoro
def test_a_long_text_is_cut_where_people_breathe() -> None:
    said = choose.choose("zh-CN").render("因供水管道抢修，" * 12 + "请您见谅。")
    assert 15 < said.seconds < 40
    assert longest_gap_s(said) < 0.8


# --- music ---


def test_music_loops_and_is_soft() -> None:
    made = music.melody(8_000)
    assert made.seconds >= 30
    assert -30 < loudness_db(made) < -24
    assert made.peak_db <= -3
    seam = abs(float(made.samples[0] - made.samples[-1]))
    assert seam < 0.05
    assert longest_gap_s(made) < 0.3
