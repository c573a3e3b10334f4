"""What was heard: prompts, tones, silences. Speech by espeak-ng where there is one."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ivr.demo.hearing import (
    PRESENT,
    find,
    first_sound,
    is_loud,
    ringback_cycles,
    silence_gaps,
    tones,
)
from ivr.demo.sound import Samples, decode, encode, read_wav, silence, tone
from tests.demo.exchange import chime

TEXTS = (
    "您好，这里是阳光花园物业",
    "座席正忙，请稍等",
    "对不起，让您久等了",
    "请按一，我们马上给您回电",
    "您呼叫的用户暂时无人接听，请稍后再拨",
)


def line(sound: Samples, level: float = 1.0, noise: float = 10.0) -> Samples:
    """What a telephone line makes of a sound."""
    hiss = np.random.default_rng(1).normal(0, noise, len(sound))
    return decode(encode(np.clip(sound * level + hiss, -32768, 32767).astype("i2"), "PCMA"), "PCMA")


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> list[Samples]:
    speaker = shutil.which("espeak-ng")
    if speaker is None:
        return [chime(seed, 3.0) for seed in range(len(TEXTS))]
    folder: Path = tmp_path_factory.mktemp("speech")
    said = []
    for number, text in enumerate(TEXTS):
        path = folder / f"{number}.wav"
        subprocess.run([speaker, "-v", "cmn", "-w", str(path), text], check=True)
        said.append(read_wav(path))
    return said


@pytest.mark.parametrize("level", [0.05, 0.3, 1.0])
def test_a_prompt_is_found_at_any_level(prompts: list[Samples], level: float) -> None:
    for number, prompt in enumerate(prompts):
        before = prompts[number - 1]
        heard = line(np.concatenate([before, silence(1), prompt, silence(2)]), level)
        found = find(prompt, heard)
        assert found.score > 0.95
        assert found.offset_s == pytest.approx(len(before) / 8000 + 1, abs=0.001)


def test_no_prompt_is_found_where_the_others_were(prompts: list[Samples]) -> None:
    for number, prompt in enumerate(prompts):
        others = [other for place, other in enumerate(prompts) if place != number]
        assert find(prompt, line(np.concatenate(others))).score < PRESENT - 0.15


def test_noise_tones_and_silence_are_no_prompt(prompts: list[Samples]) -> None:
    for heard in (
        line(silence(10), noise=1500),
        line(np.tile(np.concatenate([tone(450, 1), silence(4)]), 2)),
        line(silence(10)),
        silence(10),
        silence(0),
    ):
        assert find(prompts[0], heard).score < 0.3


def test_a_prompt_is_found_under_music(prompts: list[Samples]) -> None:
    music = tone(523, 8, 0.02) + tone(659, 8, 0.02)  # 10 dB below the voice
    music[8000 : 8000 + len(prompts[1])] += prompts[1] // 2
    assert find(prompts[1], line(music)).present


def test_a_lost_and_a_late_packet_do_not_hide_a_prompt(prompts: list[Samples]) -> None:
    prompt = prompts[4]
    parts = [prompt[:10000], silence(0.02), prompt[10160:20000], silence(0.02), prompt[20000:]]
    found = find(prompt, line(np.concatenate([silence(0.5), *parts])))
    assert found.present
    assert found.offset_s == pytest.approx(0.5, abs=0.02)


def test_a_prompt_cut_short_scores_its_share(prompts: list[Samples]) -> None:
    prompt = prompts[4]
    heard = line(np.concatenate([silence(1), prompt[: len(prompt) // 2]]))
    assert not find(prompt, heard).present
    assert find(prompt[: len(prompt) // 2], heard).present


def test_a_prompt_whose_first_packet_was_lost_is_found(prompts: list[Samples]) -> None:
    prompt = prompts[1][np.flatnonzero(np.abs(prompts[1]) > 1000)[0] :]
    found = find(prompt, line(prompt[160:]))
    assert found.score > 0.9
    assert found.offset_s == pytest.approx(-0.02, abs=0.001)


def test_an_empty_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        find(silence(0), silence(1))


# --- tones


def test_ringing_tone_is_counted_and_measured() -> None:
    heard = line(np.concatenate([silence(0.3)] + [tone(450, 1), silence(4)] * 3 + [tone(450, 0.4)]))
    cycles = ringback_cycles(heard)
    assert [cycle.start_s for cycle in cycles] == pytest.approx([0.3, 5.3, 10.3, 15.3], abs=0.03)
    assert [cycle.length_s for cycle in cycles] == pytest.approx([1, 1, 1, 0.4], abs=0.05)


def test_tones_are_told_apart() -> None:
    heard = line(np.concatenate([tone(450, 0.35), silence(0.35), tone(1000, 0.4), tone(425, 0.3)]))
    found = tones(heard)
    assert [each.frequency for each in found] == pytest.approx([450, 1000, 425], abs=5)
    assert len(ringback_cycles(heard)) == 1


def test_speech_is_no_ringing_tone(prompts: list[Samples]) -> None:
    assert ringback_cycles(line(np.concatenate(prompts))) == []


@pytest.mark.parametrize("length", [0, 1, 511, 512])
def test_short_recordings_have_nothing_to_tell(length: int) -> None:
    heard = np.zeros(length, np.int16)
    assert tones(heard) == []
    assert silence_gaps(heard) == []
    assert first_sound(heard) is None
    assert not is_loud(heard)


# --- silence


def test_gaps_are_found() -> None:
    heard = line(
        np.concatenate([silence(0.5), tone(700, 1), silence(0.1), tone(700, 1), silence(2)])
    )
    gaps = silence_gaps(heard)
    assert [gap.start_s for gap in gaps] == pytest.approx([0, 2.6], abs=0.02)
    assert [gap.end_s for gap in gaps] == pytest.approx([0.5, 4.6], abs=0.02)


def test_the_first_sound_is_found() -> None:
    assert first_sound(line(np.concatenate([silence(0.7), tone(700, 1)]))) == pytest.approx(
        0.7, abs=0.02
    )
    assert first_sound(line(silence(3))) is None
