"""Jobs in the background: one after the other, and what became of them."""

import asyncio

import pytest

from ivr.errors import UserError
from ivr.outbound.messages import Progress
from ivr.web.speaking import Speaking


async def test_jobs_of_one_name_follow_each_other() -> None:
    speaking, go, order = Speaking(), asyncio.Event(), list[str]()

    async def first(progress: Progress) -> None:
        progress("尊敬的", 0.5)
        await go.wait()
        order.append("first")

    async def second(progress: Progress) -> None:
        order.append("second")

    one = speaking.begin("a", first)
    two = speaking.begin("a", second)
    other = speaking.begin("b", second)
    await other.soon()
    assert (order, speaking.of("b")) == (["second"], None)
    assert one.done == 0.5
    assert speaking.of("a") is two
    assert two.running
    go.set()
    await two.soon()
    assert order == ["second", "first", "second"]
    assert speaking.of("a") is None


@pytest.mark.parametrize(
    ("raised", "told"),
    [(UserError("no voice here"), "no voice here"), (ValueError("x"), "An error of ours")],
)
async def test_why_it_failed_is_kept_until_the_next(raised: Exception, told: str) -> None:
    speaking = Speaking()

    async def fails(progress: Progress) -> None:
        raise raised

    async def works(progress: Progress) -> None: ...

    job = speaking.begin("a", fails)
    await job.soon()
    assert not job.running
    assert told in str(job.error)
    assert speaking.of("a") is job
    await speaking.begin("a", works).soon()
    assert speaking.of("a") is None


async def test_closing_gives_up() -> None:
    speaking = Speaking()

    async def never(progress: Progress) -> None:
        await asyncio.Event().wait()

    job = speaking.begin("a", never)
    await asyncio.sleep(0)
    await speaking.close()
    assert not job.running
