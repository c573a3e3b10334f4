"""Who is on the line, from the book of owners, remembered for a little while."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from ivr.desk.owner import Owner
from ivr.desk.owners import Owners

log = structlog.get_logger(__name__)

KEPT = 2_000  # numbers
FRESH_S = 120.0  # after which the book is asked again


@dataclass(frozen=True, slots=True)
class Caller:
    """What a wallboard says of an owner."""

    address: str  # 周先生; 业主 where several share the number
    homes: tuple[str, ...]
    care: tuple[str, ...]


def described(owners: Sequence[Owner]) -> Caller | None:
    """None when nobody has the number."""
    if not owners:
        return None
    addresses = {owner.address for owner in owners}
    return Caller(
        address=addresses.pop() if len(addresses) == 1 else "业主",
        homes=tuple(dict.fromkeys(str(home) for owner in owners for home in owner.homes)),
        care=tuple(dict.fromkeys(care.value for owner in owners for care in owner.care)),
    )


class Callers:
    """Answers at once with what is known; `on_found` tells that more is known now."""

    def __init__(
        self,
        owners: Owners,
        on_found: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._owners = owners
        self._on_found = on_found
        self._now = now
        self._known: OrderedDict[str, tuple[float, Caller | None]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[None]] = {}

    def of(self, number: str) -> Caller | None:
        """The owner with `number`, as far as known; looked up when it is not."""
        if not number:
            return None
        at, caller = self._known.get(number, (float("-inf"), None))
        if self._now() - at > FRESH_S and number not in self._asking:
            self._asking[number] = asyncio.create_task(self._ask(number))
        return caller

    async def close(self) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _ask(self, number: str) -> None:
        try:
            caller = described(await self._owners.by_number(number))
        except Exception:
            log.exception("an owner could not be looked up")
            caller = None
        finally:
            del self._asking[number]
        before = self._known.pop(number, (0.0, None))[1]
        self._known[number] = (self._now(), caller)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        if caller != before:
            self._on_found(number)
