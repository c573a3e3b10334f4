"""What holds people's voices, words and names is kept no longer than its retention (PIPL)."""

import asyncio
from collections.abc import Callable

import structlog

from ivr.calls import recording
from ivr.outbound import messages
from ivr.outbound.callbacks import Callbacks
from ivr.settings import Settings
from ivr.store.calls import Calls

DAY_S = 86_400.0

log = structlog.get_logger(__name__)


async def purge(
    settings: Settings,
    calls: Calls,
    callbacks: Callbacks,
    spoken: Callable[[float], int],
    now: float,
) -> None:
    """Delete what has outlived its days at `now` (epoch seconds).

    `spoken` deletes the sentences of conversations that were last said before a moment.
    """
    data = settings.paths.data
    old = await asyncio.to_thread(
        recording.outlived, data, now - settings.recording.retention_days * DAY_S
    )
    if old:
        await calls.purged(old)  # first: a row must not name what is gone
    deleted = {
        "recordings": await asyncio.to_thread(recording.delete, data, old),
        "answers": await callbacks.purge(now - settings.callbacks.retention_days * DAY_S),
        "notices": await asyncio.to_thread(messages.purge, settings, now),
        "sentences": await asyncio.to_thread(spoken, now - settings.notices.voices_days * DAY_S),
    }
    if any(deleted.values()):
        log.info("what outlived its retention was deleted", **deleted)
