"""Work for Asterisk that goes on in the background."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost

log = structlog.get_logger(__name__)


class Tasks:
    """Background work that is awaited at the end and never fails unseen."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def run(self, what: str, work: Coroutine[Any, Any, object]) -> None:
        """Do `work`; if Asterisk refuses or is gone, say so in the log and go on."""

        async def guarded() -> None:
            try:
                await work
            except (ActionFailed, ActionTimeout, ConnectionLost) as error:
                log.warning("not done", what=what, why=str(error))
            except Exception:
                log.exception("failed", what=what)

        task = asyncio.create_task(guarded())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=5)
