"""Ears for conversations: they hear when somebody speaks, and what it means.

An answer is guessed at as soon as the person pauses. If the guess is sure the utterance is
over after a short silence; if not, they are given time to go on. Listening knows no clock:
it goes by the frames, so a recording is heard as a telephone is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol

import numpy as np
import structlog

from ivr.talk.asking import By, Heard
from ivr.talk.line import RATE, Pcm
from ivr.talk.speech.base import Question, Recognised, SpeechUnavailable, Utterance
from ivr.talk.speech.vad import WINDOW, Detector, Endpointer, Moment, Timing, level_db
from ivr.talk.speech.workers import Recogniser

QUIET_DB: Final = -42.0
"""Below it (dBFS) a voice may be the echo of our own: it does not interrupt us, and counts
only if it is an answer. A prompt is said at -20; a line returns it 20 dB and more weaker."""

_BEFORE: Final = round(0.5 * RATE / WINDOW)  # windows: a 不 that was not taken for speech counts
_AFTER: Final = round(0.2 * RATE / WINDOW)

log = structlog.get_logger(__name__)


class Judge(Protocol):
    """What an ear needs of `ivr.talk.speech.workers.Recogniser`."""

    async def recognise(self, samples: Pcm, question: Question) -> Recognised:
        """Raises SpeechUnavailable."""


class Detectors:
    """Voice detectors to lend: each holds one stream at a time, and takes 40 ms to make."""

    def __init__(self) -> None:
        self._free: list[Detector] = []

    async def take(self) -> Detector:
        if not self._free:
            return await asyncio.to_thread(Detector)
        detector = self._free.pop()
        detector.reset()
        return detector

    def give_back(self, detector: Detector) -> None:
        self._free.append(detector)


class Ears:
    """The ears of the house: one recogniser, an ear for each question asked.

    `async with speech_for(settings) as ears: ears.ear(question)`. `name` is the engine, `why`
    the reason that it is this one, for people.
    """

    def __init__(self, name: str, why: str, recogniser: Recogniser | None = None) -> None:
        self.name = name
        self.why = why
        self.recogniser = recogniser
        self._detectors = Detectors()

    async def __aenter__(self) -> "Ears":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Returns at once; until `ready`, answers are left to the keys."""
        if self.recogniser is not None:
            await self.recogniser.start()

    async def ready(self) -> None:
        """Until speech is understood; at once where only keys are."""
        if self.recogniser is not None:
            await self.recogniser.ready()

    async def close(self) -> None:
        if self.recogniser is not None:
            await self.recogniser.close()

    @property
    def problem(self) -> str | None:
        """Why speech is not understood just now; None when it is, or is not meant to be."""
        return None if self.recogniser is None else self.recogniser.problem

    def ear(self, question: Question) -> "SpeechEar | None":
        """A fresh ear for one `question`, also put several times; None: keys only."""
        if self.recogniser is None:
            return None
        return SpeechEar(question, self.recogniser, self._detectors)

    def unheard(self, question: Question) -> list[str]:
        """Phrases that the engine cannot hear, as far as it has told by now."""
        return [] if self.recogniser is None else self.recogniser.unheard(question)


class SpeechEar:
    """Hears answers to `question`; see `ivr.talk.conversation.Ear`.

    `last` is what was said last, for the record; None while nothing was. When no engine
    could judge it, the ear was deaf (By.DEAF) and `last.recognised` is None.
    """

    def __init__(
        self, question: Question, judge: Judge, detectors: Detectors, timing: Timing | None = None
    ) -> None:
        self.question = question
        self.last: Utterance | None = None
        self._judge = judge
        self._detectors = detectors
        self._timing = timing or Timing()

    async def hear(self, frames: AsyncIterator[Pcm], speaking: Callable[[], None]) -> Heard:
        said = await self.listen(frames, speaking)
        if said is None:  # the line has ended, of which whoever holds it hears otherwise
            await asyncio.Event().wait()
            raise AssertionError
        return _heard(said)

    async def listen(
        self, frames: AsyncIterator[Pcm], speaking: Callable[[], None] = lambda: None
    ) -> Utterance | None:
        """The first utterance in `frames`; None when they end before.

        Faint ones are passed over unless they are an answer.
        """
        self.last = None
        detector = await self._detectors.take()
        hearing = _Hearing(self.question, self._judge, detector, Endpointer(self._timing))
        try:
            async for window in _windows(frames):
                self.last = await hearing.window(window, speaking)
                if self.last is not None:
                    break
        finally:
            hearing.stop()
            self._detectors.give_back(detector)
        return self.last


class _Hearing:
    """One listening: sound in, an utterance out when there was one."""

    def __init__(
        self, question: Question, judge: Judge, detector: Detector, endpointer: Endpointer
    ) -> None:
        self._question = question
        self._judge = judge
        self._detector = detector
        self._ends = endpointer
        self._kept: list[Pcm] = []
        self._from = 0  # the window that `_kept` begins with
        self._loud = False
        self._guess: asyncio.Task[Recognised | None] | None = None

    async def window(self, samples: Pcm, speaking: Callable[[], None]) -> Utterance | None:
        self._kept.append(samples)
        moment = self._ends.feed(self._detector.probability(samples))
        if self._ends.begun and not self._loud and self._level() >= QUIET_DB:
            self._loud = True
            speaking()
        match moment:
            case Moment.PAUSED:
                self._guess = asyncio.create_task(self._recognise(self._spoken()))
            case Moment.RESUMED:
                self.stop()
            case Moment.SETTLED:
                guessed = await self._guessed()
                if guessed is not None and guessed.sure:
                    return Utterance(self._spoken(), guessed)
            case Moment.ENDED:
                return await self._ended()
            case _ if self._ends.idle:
                self._forget()
        return None

    def stop(self) -> None:
        """Nobody needs the guess any more."""
        if self._guess is not None:
            self._guess.cancel()
        self._guess = None

    async def _ended(self) -> Utterance | None:
        guessed = await self._guessed()
        spoken = self._spoken()
        if self._loud or (guessed is not None and guessed.choice is not None):
            return Utterance(spoken, guessed)
        log.debug("something faint was passed over", seconds=len(spoken) / RATE)
        self.stop()
        self._loud = False
        return None

    async def _guessed(self) -> Recognised | None:
        if self._guess is None:
            self._guess = asyncio.create_task(self._recognise(self._spoken()))
        return await self._guess

    async def _recognise(self, spoken: Pcm) -> Recognised | None:
        try:
            return await self._judge.recognise(spoken, self._question)
        except SpeechUnavailable as error:
            log.warning("an answer could not be recognised; keys go on", why=str(error))
            return None

    def _spoken(self) -> Pcm:
        """What was said, with a little before and after."""
        first = max(0, self._ends.first - _BEFORE - self._from)
        last = self._ends.last + 1 + _AFTER - self._from
        return np.concatenate(self._kept[first:last])

    def _level(self) -> float:
        return level_db(np.concatenate(self._kept[self._ends.first - self._from :]))

    def _forget(self) -> None:
        """Keep no more of the silence than an utterance may begin with."""
        excess = len(self._kept) - _BEFORE
        if excess > 0:
            del self._kept[:excess]
            self._from += excess


def _heard(utterance: Utterance) -> Heard:
    recognised = utterance.recognised
    if recognised is None:
        return Heard("", By.DEAF, samples=utterance.samples)
    return Heard(
        recognised.choice or "",
        By.SPEECH,
        recognised.score,
        recognised.sure,
        recognised.engine,
        recognised.transcript,
        utterance.samples,
    )


async def _windows(frames: AsyncIterator[Pcm]) -> AsyncIterator[Pcm]:
    """Frames of any length as windows of one."""
    left = np.zeros(0, np.int16)
    async for frame in frames:
        left = np.concatenate([left, frame])
        while len(left) >= WINDOW:
            yield left[:WINDOW]
            left = left[WINDOW:]
