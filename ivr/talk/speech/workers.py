"""Recognition in processes of their own: it may take its time, memory or life, but not the call's.

A `Recogniser` holds a few workers. Each answer has a deadline; a worker that dies or hangs
costs the answer it had and is started again; one that has grown or worked long is replaced
by a fresh one before it goes. Workers end with this process, however that ends: their
input closes.
"""

import asyncio
import os
import pickle
import sys
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from ivr.settings import Speech
from ivr.talk.line import Pcm
from ivr.talk.speech.base import Engine, Question, Recognised, SpeechUnavailable
from ivr.talk.speech.messages import HEADER, Done, Job, packed

MOST_WORKERS = 2
"""By default: conversations rarely answer at the same moment, and each takes 350 MB."""

RECYCLED_AFTER = 1_000
"""Answers: native code leaks, and nobody need find out where."""

_PROGRAM = "ivr.talk.speech.worker"
_STUCK_S = 15.0  # a worker that is merely slow is left to finish: a fresh one is slower still
_START_S = 60.0
_ROOM = 1.25  # of what a fresh worker has: no replacement has less, so this much is no reason
_GOODBYE_S = 0.5
_RESTART_S = (0.1, 1.0, 5.0, 30.0)  # how long to wait after so many deaths on end
_NEWS = 0.2  # what the last answer counts in how long one usually takes
_SETTLED = 20  # answers after which a death is no longer one in a row, and growth is real

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class _Order:
    """An answer that waits for a worker."""

    question: Question
    samples: Pcm
    result: "asyncio.Future[Recognised]"


class _Dead(Exception):  # noqa: N818
    """The worker has gone or hangs."""


@dataclass(eq=False)
class _Worker:
    process: "asyncio.subprocess.Process"
    unheard: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by question
    answers: int = 0
    memory_mb: float = 0.0
    fresh_mb: float = 0.0  # before its first answer

    @classmethod
    async def start(cls, engine: Engine, questions: Iterable[Question]) -> "_Worker":
        """A worker that knows `engine` and has learned `questions`. Raises _Dead."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _PROGRAM,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        worker = cls(process)
        try:
            await worker._send(engine)
            for question in questions:
                done = await worker.ask(Job(question, None), _START_S)
                worker.unheard[question.id] = done.unheard
                if done.problem:  # this question is for the keys; the others are not
                    log.error("a question cannot be heard", question=question.id, why=done.problem)
        except BaseException:
            await worker.end()
            raise
        worker.fresh_mb = worker.memory_mb
        return worker

    async def ask(self, job: Job, within_s: float) -> Done:
        """Raises _Dead when nothing comes back."""
        try:
            async with asyncio.timeout(within_s):
                await self._send(job)
                out = self.process.stdout
                assert out is not None
                (length,) = HEADER.unpack(await out.readexactly(HEADER.size))
                done: Done = pickle.loads(await out.readexactly(length))
        except TimeoutError:
            raise _Dead(f"it did nothing for {within_s:.0f} s") from None
        except (OSError, asyncio.IncompleteReadError):
            # killing what has just died would take its exit code from whoever waits for it
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self.process.wait()
            raise _Dead(f"it ended with code {await self.end()}") from None
        self.memory_mb = done.memory_mb
        return done

    async def _send(self, message: object) -> None:
        into = self.process.stdin
        assert into is not None
        into.write(packed(message))
        await into.drain()

    async def end(self) -> int:
        """At once; what it was doing is lost."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()
        return await self.process.wait()


class Recogniser:
    """`async with Recogniser(engine, settings.speech, questions) as recogniser: ...`

    `questions` are learned before a worker takes answers; others when they are first asked.
    """

    def __init__(
        self,
        engine: Engine,
        speech: Speech,
        questions: Iterable[Question] = (),
        recycled_after: int = RECYCLED_AFTER,
    ) -> None:
        self.engine = engine
        self._recycled_after = recycled_after
        self._speech = speech
        self._questions = tuple(questions)
        self._count = speech.workers or min(MOST_WORKERS, len(os.sched_getaffinity(0)))
        self._waiting: deque[_Order] = deque()
        self._news = asyncio.Condition()
        self._workers: dict[int, _Worker] = {}
        self._slots: list[asyncio.Task[None]] = []
        self._ready = asyncio.Event()
        self._usual_s = 0.0  # what an answer has taken lately
        self._busy = 0  # workers that have one
        self._problem = "it is starting"

    async def __aenter__(self) -> "Recogniser":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Start the workers, once; they load their models meanwhile (see `ready`)."""
        if self._slots:
            return
        self._slots = [asyncio.create_task(self._keep(slot)) for slot in range(self._count)]

    async def ready(self) -> None:
        """Until a worker can take answers."""
        await self._ready.wait()

    async def close(self) -> None:
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        self._slots = []
        while self._waiting:
            _fail(self._waiting.popleft(), "it is closing")

    @property
    def problem(self) -> str | None:
        """Why no answer can be recognised just now; None when one can."""
        return None if self._workers else self._problem

    @property
    def pids(self) -> list[int]:
        """The workers that take answers."""
        return [worker.process.pid for worker in self._workers.values()]

    @property
    def memory_mb(self) -> list[float]:
        """Of each worker, after its last answer."""
        return [round(worker.memory_mb, 1) for worker in self._workers.values()]

    def unheard(self, question: Question) -> list[str]:
        """Phrases that the engine cannot hear, of a question that was learned at the start."""
        workers = self._workers.values()
        return list(next((worker.unheard.get(question.id, ()) for worker in workers), ()))

    async def recognise(self, samples: Pcm, question: Question) -> Recognised:
        """What `samples` (8 kHz, one utterance) answer to `question`.

        Raises SpeechUnavailable within the deadline, at once when it cannot be met.
        """
        if not self._slots:
            raise SpeechUnavailable("the recogniser is closed")
        ahead = self._busy + sum(not order.result.done() for order in self._waiting)
        if (ahead + 1) * self._usual_s / self._count > self._speech.deadline_s:
            raise SpeechUnavailable(f"{ahead} answers are ahead of it already")
        order = _Order(question, samples, asyncio.get_running_loop().create_future())
        async with self._news:
            self._waiting.append(order)
            self._news.notify()
        try:
            async with asyncio.timeout(self._speech.deadline_s):
                return await order.result
        except TimeoutError:
            why = self.problem or "the workers are busy"
            raise SpeechUnavailable(f"none in {self._speech.deadline_s:g} s: {why}") from None

    # --- one worker after the other

    async def _keep(self, slot: int) -> None:
        """Keep a worker in this slot."""
        deaths = 0
        while True:
            answers = 0
            try:
                answers = await self._employ(slot)
            except Exception as error:  # whatever it was, the next worker may do better
                self._problem = str(error) or type(error).__name__
                log.warning("a recogniser died; it is started again", why=self._problem)
            finally:
                self._workers.pop(slot, None)
            deaths = 1 if answers >= _SETTLED else deaths + 1
            await asyncio.sleep(_RESTART_S[min(deaths, len(_RESTART_S)) - 1])

    async def _employ(self, slot: int) -> int:
        """Let one worker after the other answer, until one dies; how many it had answered."""
        worker = await self._start()
        next_one: asyncio.Task[_Worker] | None = None
        try:
            while True:
                self._workers[slot] = worker
                self._ready.set()
                order = await self._take_unless(worker)
                if not await self._answer(worker, order):
                    return worker.answers
                if next_one is None and self._worn(worker):
                    next_one = asyncio.create_task(self._start())
                if next_one is not None and next_one.done():
                    ready, next_one = next_one, None
                    if error := ready.exception():
                        log.warning("a fresh recogniser could not be had", why=str(error))
                        continue
                    await worker.end()
                    worker = ready.result()
        finally:
            await worker.end()
            if next_one is not None:
                next_one.cancel()
                with suppress(asyncio.CancelledError, _Dead, OSError):
                    await (await next_one).end()

    async def _start(self) -> _Worker:
        worker = await _Worker.start(self.engine, self._questions)
        if worker.fresh_mb > self._speech.memory_mb:
            log.warning(
                "the model alone takes more than speech.memory_mb",
                engine=self.engine.name, mb=round(worker.fresh_mb), limit=self._speech.memory_mb,
            )  # fmt: skip
        return worker

    def _worn(self, worker: _Worker) -> bool:
        most_mb = max(self._speech.memory_mb, worker.fresh_mb * _ROOM)
        grown = worker.answers >= _SETTLED and worker.memory_mb > most_mb
        return grown or worker.answers >= self._recycled_after

    async def _take_unless(self, worker: _Worker) -> _Order:
        """The next answer. Raises _Dead when the worker dies while it waits for one."""
        taking = asyncio.create_task(self._take())
        dying = asyncio.create_task(worker.process.wait())
        try:
            await asyncio.wait({taking, dying}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                raise _Dead(f"it ended with code {dying.result()}")
            return taking.result()
        finally:
            taking.cancel()
            dying.cancel()

    async def _take(self) -> _Order:
        """The next answer that somebody still waits for."""
        while True:
            async with self._news:
                await self._news.wait_for(lambda: self._waiting)
                order = self._waiting.popleft()
            if not order.result.done():
                return order

    async def _answer(self, worker: _Worker, order: _Order) -> bool:
        """Whether the worker lives."""
        begun = asyncio.get_running_loop().time()
        self._busy += 1
        try:
            done = await worker.ask(Job(order.question, order.samples.tobytes()), _STUCK_S)
        except _Dead as error:
            self._problem = str(error)
            log.warning("a recogniser died over an answer; it is started again", why=str(error))
            _fail(order, f"its worker died: {error}")
            return False
        finally:
            self._busy -= 1
        worker.answers += 1
        took = asyncio.get_running_loop().time() - begun
        self._usual_s += (_NEWS if self._usual_s else 1.0) * (took - self._usual_s)
        if done.recognised is None:
            log.error("an answer could not be judged", why=done.problem)
            _fail(order, done.problem)
        elif not order.result.done():
            order.result.set_result(done.recognised)
        return True


def _fail(order: _Order, why: str) -> None:
    if not order.result.done():
        order.result.set_exception(SpeechUnavailable(why))
