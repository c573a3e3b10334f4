"""What is being spoken in the background: a voice takes longer than a page waits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from ivr.errors import UserError
from ivr.outbound.messages import Progress

log = structlog.get_logger(__name__)

SOON_S = 0.6  # what is quick is over when the page comes back


@dataclass
class Job:
    """`done` goes from 0 to 1; `error` is why it ended without success."""

    done: float = 0.0
    error: UserError | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    async def soon(self) -> None:
        """Until it is over, or has taken longer than a moment."""
        if self.task is not None:
            await asyncio.wait({self.task}, timeout=SOON_S)


class Speaking:
    """The jobs of one process, one at a time for each name."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def begin(self, name: str, work: Callable[[Progress], Awaitable[object]]) -> Job:
        """Do `work` once what was begun under this name before is over."""
        before = self._jobs.get(name)
        job = Job()
        job.task = asyncio.create_task(self._run(name, job, work, before))
        self._jobs[name] = job
        return job

    def of(self, name: str) -> Job | None:
        """The last job of that name, while it runs or when it failed."""
        return self._jobs.get(name)

    async def close(self) -> None:
        """Give up what is not done; it is taken up again with the next start."""
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(
        self,
        name: str,
        job: Job,
        work: Callable[[Progress], Awaitable[object]],
        before: Job | None,
    ) -> None:
        if before is not None and before.task is not None:
            await asyncio.wait({before.task})

        def progress(_what: str, done: float) -> None:
            job.done = done

        try:
            await work(progress)
        except UserError as error:
            job.error = error
        except Exception:
            log.exception("speaking failed", name=name)
            job.error = UserError("An error of ours; it was logged")
        else:
            if self._jobs.get(name) is job:
                del self._jobs[name]
