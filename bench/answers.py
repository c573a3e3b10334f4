"""Spoken answers to try recognisers on: recordings of people, voices of the machine, disturbances.

Recordings of people are not part of the project: they are read from `$IVR_SHARED/audio`, else
from `shared/audio` beside the repository, and left out where that folder is not.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ivr.talk.audio import Audio, pcm16, read, resample
from ivr.talk.line import RATE, Pcm, load
from ivr.talk.speech.questions import shipped
from ivr.talk.voice import program as espeak
from ivr.talk.voice.choose import SPEAKERS, available, choose
from ivr.talk.voice.studio import TELEPHONE, Studio

LANGUAGE = "zh-CN"

OUT_OF_SET = (
    "什么", "再见", "喂", "天气", "苹果", "谢谢", "你好", "等一下", "我不知道", "你是谁", "打错了",
    "没时间", "今天天气不错", "师傅什么时候来", "晚上再打给我", "多少钱", "老公你来接电话",
)  # fmt: skip

_QUESTION_OF = {"sat": "satisfied", "fix": "fixed", "yn": "yes_no", "fault": "fault"}
_BAND_HZ = (300.0, 3400.0)
_ENDS_S = 0.3  # of silence around a voice of the machine, as on a line


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """One answer to one question; `choice` is what is meant, None for what is no answer."""

    text: str
    question: str
    choice: str | None
    source: str
    samples: Pcm


def shared_audio() -> Path | None:
    """The folder of people's answers, where this machine has it."""
    own = os.environ.get("IVR_SHARED")
    base = Path(own) if own else Path(__file__).resolve().parents[2] / "shared"
    folder = base / "audio"
    return folder if folder.is_dir() else None


def human() -> Iterator[Spoken]:
    """`SET__TEXT__SPEAKER.wav`; what belongs to no question is put to all of them."""
    folder = shared_audio()
    for path in sorted(folder.rglob("*__*__*.wav")) if folder else ():
        kind, text, _ = path.stem.split("__")
        samples = pcm(read(path))
        for question in [_QUESTION_OF[kind]] if kind in _QUESTION_OF else shipped(LANGUAGE):
            yield Spoken(text, question, meaning(question, text), "human", samples)


def meaning(question: str, text: str) -> str | None:
    """The code of what `text` says in answer to `question`."""
    said = {phrase: choice.code for phrase, choice in shipped(LANGUAGE)[question].phrases()}
    return said.get(text)


def speakers() -> list[str]:
    """The machine's Mandarin voices."""
    return [name for name in available(LANGUAGE) if name in SPEAKERS["zh"]]


async def rendered(speaker: str, texts: Sequence[str]) -> dict[str, Pcm]:
    """`texts` as `speaker` says them into a telephone; kept in the cache of voices."""
    async with Studio(choose(LANGUAGE, speaker), LANGUAGE) as studio:
        done = await studio.render_all(texts)
    return {
        text: over_telephone(await load(one.files[TELEPHONE]))
        for text, one in zip(texts, done, strict=True)
    }


async def synthetic(speaker: str) -> list[Spoken]:
    """Every phrase of every question, and what is no answer to any, by one voice."""
    questions = shipped(LANGUAGE)
    answers = [(q.id, phrase) for q in questions.values() for phrase, _ in q.phrases()]
    others = [(name, text) for name in questions for text in OUT_OF_SET]
    texts = list(dict.fromkeys(text for _, text in answers + others))
    sound = await rendered(speaker, texts)
    return [
        Spoken(text, name, meaning(name, text), speaker, sound[text])
        for name, text in answers + others
    ]


def korean(text: str, pitch: int = 50, speed: int = 150) -> Pcm:
    """`text` as espeak says it into a telephone: the only Korean voice there is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        how = ("-v", "ko", "-s", str(speed), "-p", str(pitch), "-w", str(path))
        espeak.find_or_fetch().run(*how, text=text)
        return over_telephone(pcm(read(path)))


def pcm(audio: Audio) -> Pcm:
    return np.frombuffer(pcm16(resample(audio, RATE)), "<i2")


# --- what a line does to a voice ------------------------------------------------------


def over_telephone(samples: Pcm) -> Pcm:
    """300–3,400 Hz and A-law, with a little silence around."""
    quiet = np.zeros(round(_ENDS_S * RATE))
    return alaw(band(np.concatenate([quiet, samples.astype(np.float64), quiet])))


def band(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(hertz < _BAND_HZ[0]) | (hertz > _BAND_HZ[1])] = 0
    return np.fft.irfft(spectrum, len(samples))


def alaw(samples: NDArray[np.float64]) -> Pcm:
    """Through an A-law codec and back: its quantisation, without its bits."""
    level = np.minimum(np.abs(samples) / 32768, 1.0)
    slope, knee = 1 + np.log(87.6), 1 / 87.6
    packed = np.where(
        level < knee, 87.6 * level / slope, (1 + np.log(np.maximum(87.6 * level, 1e-9))) / slope
    )
    coarse = np.round(packed * 128) / 128
    opened = np.where(coarse < 1 / slope, coarse * slope / 87.6, np.exp(coarse * slope - 1) / 87.6)
    sound: Pcm = np.clip(np.sign(samples) * opened * 32768, -32768, 32767).astype(np.int16)
    return sound


def noisy(spoken: Spoken, decibel: float, seed: int = 1) -> Spoken:
    """With a line's noise, `decibel` below the voice."""
    voice = spoken.samples.astype(np.float64)
    drawn = band(np.random.default_rng(seed).standard_normal(len(voice)))
    loud = np.abs(voice) > 0.05 * np.abs(voice).max(initial=1)
    wanted = np.sqrt(np.mean(voice[loud] ** 2)) / 10 ** (decibel / 20)
    noise = drawn * wanted / np.sqrt(np.mean(drawn**2))
    return replace(spoken, samples=alaw(voice + noise))


def quieter(spoken: Spoken, decibel: float) -> Spoken:
    return replace(spoken, samples=alaw(spoken.samples.astype(np.float64) * 10 ** (-decibel / 20)))


def tone(*hertz: float, seconds: float = 1.0, level: float = 8000.0) -> Pcm:
    time = np.arange(round(seconds * RATE)) / RATE
    waves = np.sum([level * np.sin(2 * np.pi * f * time) for f in hertz], axis=0)
    return np.asarray(waves, np.int16)
