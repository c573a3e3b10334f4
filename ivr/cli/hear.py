"""`ivr hear`: the recogniser of the calls, tried on recordings."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncGenerator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypedDict

import numpy as np
import typer

from ivr.errors import UserError
from ivr.settings import Speech
from ivr.talk.audio import pcm16, read, resample
from ivr.talk.line import RATE, Pcm
from ivr.talk.speech import questions
from ivr.talk.speech.base import Question
from ivr.talk.speech.choose import choose, ears_of
from ivr.talk.speech.ears import Ears
from ivr.talk.wav import is_wav, read_wav

_FRAME = RATE // 50
_SILENCE_S = 1.5  # after the recording, so that its last word comes to an end
_LONGEST_S = 600.0


class Engine(StrEnum):
    AUTO = "auto"
    VOSK = "vosk"
    WHISPER = "whisper"


class Line(TypedDict):
    """What is told of one file."""

    file: str
    choice: str | None
    score: float
    engine: str
    ms: float
    transcript: str


def hear(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="录音 · recordings")],
    question: Annotated[
        str, typer.Option("--question", "-q", help="问题 · satisfied, yes_no, fixed, fault")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="每个文件一行 · one object a file")
    ] = False,
    language: Annotated[str, typer.Option("--language", "-l", help="语言 · language")] = "zh-CN",
    engine: Annotated[Engine, typer.Option(help="识别引擎 · engine")] = Engine.AUTO,
) -> None:
    """听录音里的回答 · what is answered in recordings, as a call would understand it."""
    asked = questions.named(question, language)
    # nobody waits on a line: an answer may take its time
    speech = Speech(engine=engine.value, workers=1, deadline_s=10.0)
    ears = ears_of(choose(speech, language), speech, [asked])
    if ears.recogniser is None:
        raise UserError(f"no engine can hear here: {ears.why}")
    if asyncio.run(_hear_all(ears, asked, files, as_json)):
        sys.exit(1)


async def _hear_all(ears: Ears, question: Question, files: list[Path], as_json: bool) -> bool:
    """Whether a file could not be heard; the others are."""
    failed = False
    async with ears:
        for path in files:
            try:
                line = await _hear(ears, question, path)
            except UserError as error:
                failed = True
                typer.echo(f"ivr: {error}", err=True)
                continue
            if as_json:
                typer.echo(json.dumps(line, ensure_ascii=False))
            else:
                _show(line, question)
    return failed


async def _hear(ears: Ears, question: Question, path: Path) -> Line:
    """The first utterance of the recording that is an answer, else the last one."""
    samples = await asyncio.to_thread(_samples, path)
    await ears.ready()
    line = Line(file=str(path), choice=None, score=0.0, engine=ears.name, ms=0.0, transcript="")
    frames = _frames(samples)
    while not line["choice"]:
        ear = ears.ear(question)
        assert ear is not None  # `hear` has seen to that
        said = await ear.listen(frames)
        if said is None:
            break
        if said.recognised is None:
            raise UserError(
                f"{path}: could not be judged ({ears.problem or 'too slow'}); try again"
            )
        took = said.recognised
        line |= Line(
            file=str(path), choice=took.choice, score=took.score, engine=took.engine,
            ms=round(line["ms"] + took.ms, 1), transcript=took.transcript,
        )  # fmt: skip
    return line


def _samples(path: Path) -> Pcm:
    """The recording as the telephone would have brought it. Raises UserError."""
    if is_wav(path):
        audio = read_wav(path)
    elif shutil.which("ffmpeg"):
        audio = read(path)
    else:
        raise UserError(f"{path}: is no .wav; install ffmpeg to hear other files, or convert it")
    if not audio.samples.size:
        raise UserError(f"{path}: has no sound in it; record it again")
    if audio.seconds > _LONGEST_S:
        raise UserError(f"{path}: is {audio.seconds:.0f} s long; cut it to {_LONGEST_S:.0f} s")
    return np.frombuffer(pcm16(resample(audio, RATE)), "<i2")


async def _frames(samples: Pcm) -> AsyncGenerator[Pcm, None]:
    silent = np.zeros(round(_SILENCE_S * RATE), np.int16)
    sound = np.concatenate([samples, silent])
    for start in range(0, len(sound), _FRAME):
        yield sound[start : start + _FRAME]


def _show(line: Line, question: Question) -> None:
    choice = question.choice(line["choice"] or "")
    if choice is not None:
        what = f"{choice.label} {choice.code}"
    elif line["transcript"]:
        what = f"不是回答 no answer (最接近 nearest: {line['transcript']})"
    else:
        what = "没有听到说话 nothing was said"
    score = f"{line['score']:.2f}"
    typer.echo(f"{line['file']}  {what}  {score}  {line['engine']}  {line['ms']:.0f} ms")
