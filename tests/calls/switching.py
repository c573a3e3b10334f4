"""A switch that only notes what it is asked, as (what, arguments…)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from ivr.pbx.switch import Switch


class Asked:
    """Use `asked.switch` where a Switch is wanted; `answers` and `fails` by method."""

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.answers: dict[str, Any] = {}
        self.fails: dict[str, Exception] = {}
        self._news = asyncio.Event()

    @property
    def switch(self) -> Switch:
        return cast(Switch, self)

    def __getattr__(self, what: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*arguments: Any) -> Any:
            self.log.append((what, *arguments))
            self._news.set()
            if what in self.fails:
                raise self.fails[what]
            return self.answers.get(what)

        return ask

    def did(self) -> list[str]:
        return [what for what, *_ in self.log]

    async def until(self, *wanted: str) -> None:
        """Until these were asked, in this order and nothing else."""
        async with asyncio.timeout(2):
            while self.did() != list(wanted):
                self._news.clear()
                await self._news.wait()
