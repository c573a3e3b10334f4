"""Who is on the line: answered at once, looked up once, forgotten after a while."""

import asyncio
from typing import cast

from ivr.desk.owner import Home, Owner
from ivr.desk.owners import Owners
from ivr.web.callers import FRESH_S, Callers

ZHOU = Owner(
    id="1", name="周建国", title="先生", phones=("138",), homes=(Home("3", "1", "1201"),)
)  # fmt: skip


class Book:
    """The book of owners, counting who looks."""

    def __init__(self) -> None:
        self.owners: dict[str, list[Owner]] = {"138": [ZHOU]}
        self.looked: list[str] = []
        self.broken = False

    async def by_number(self, number: str) -> list[Owner]:
        self.looked.append(number)
        if self.broken:
            raise OSError("the disk is gone")
        return self.owners.get(number, [])


class Desk:
    def __init__(self) -> None:
        self.book = Book()
        self.now = 0.0
        self.found: list[str] = []
        self.callers = Callers(cast(Owners, self.book), self.found.append, lambda: self.now)

    async def known(self, number: str) -> str | None:
        """What is said now, once the book has been asked."""
        self.callers.of(number)
        for _ in range(3):
            await asyncio.sleep(0)
        caller = self.callers.of(number)
        return caller.address if caller else None


async def test_an_owner_is_known_a_moment_later() -> None:
    desk = Desk()
    assert desk.callers.of("138") is None
    assert await desk.known("138") == "周先生"
    assert (desk.found, desk.book.looked) == (["138"], ["138"])


async def test_a_stranger_is_looked_up_once() -> None:
    desk = Desk()
    assert await desk.known("139") is None
    assert await desk.known("139") is None
    assert (desk.found, desk.book.looked) == ([], ["139"])


async def test_the_book_is_asked_again_after_a_while() -> None:
    desk = Desk()
    await desk.known("139")
    desk.book.owners["139"] = [ZHOU]
    desk.now = FRESH_S + 1
    assert await desk.known("139") == "周先生"
    assert desk.book.looked == ["139", "139"]


async def test_no_number_is_nobody() -> None:
    desk = Desk()
    assert await desk.known("") is None
    assert desk.book.looked == []


async def test_a_book_that_cannot_be_read_harms_nobody() -> None:
    desk = Desk()
    desk.book.broken = True
    assert await desk.known("138") is None
    await desk.callers.close()
