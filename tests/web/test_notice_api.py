"""Notices for programs: what goes in, what comes out, and what is wrong in one sentence."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from ivr.outbound.model import Outcome
from ivr.service import Service
from ivr.settings import Dialer, Notices, Settings
from ivr.talk.voice import program
from ivr.web.access import Role
from tests.web.conftest import Client, SignIn
from tests.web.conftest import settings as settings_of_all  # noqa: F401

pytestmark = pytest.mark.skipif(program.find() is None, reason="no espeak-ng on this machine")

OWNERS = """\
楼栋,单元,房号,姓名,称谓,电话1,特别关怀,勿扰
3,1,101,周建国,先生,13800138001,,
3,1,102,王芳,女士,13800138002,老人,
3,1,103,李明,先生,13800138003,,是
5,1,101,陈静,女士,13800138004,,
"""


@pytest.fixture
def settings(tmp_path: Path, settings_of_all: Settings) -> Settings:  # noqa: F811
    return settings_of_all.model_copy(
        update={"notices": Notices(voice="espeak"), "dialer": Dialer(approval_households=3)}
    )


@pytest.fixture(autouse=True)
async def owners(service: Service, tmp_path: Path) -> None:
    sheet = tmp_path / "owners.csv"
    sheet.write_text(OWNERS, encoding="utf-8")
    await service.owners.put(await service.owners.plan(sheet))


class Program:
    """A machine's token of a role's rank."""

    def __init__(self, client: Client, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        address = f"/api/v1/notices{path}"
        answer = await self._client.request(method, address, json=body, headers=self._headers)
        said = await answer.json() if "json" in answer.content_type else await answer.read()
        assert answer.status == status, said
        return said

    async def until(self, notice: str, value: str, field: str = "state") -> Any:
        """The notice, once what is spoken in the background has come so far."""
        async with asyncio.timeout(90):
            while True:
                found = await self.ask("GET", f"/{notice}")
                if found[field] == value:
                    return found
                assert not (found["speaking"] or {"error": ""})["error"], found
                await asyncio.sleep(0.05)


@pytest.fixture
async def machine(client: Client, service: Service) -> Program:
    return Program(client, service.token)


def water(**changes: Any) -> dict[str, Any]:
    begin = time.time() + 4 * 3600
    return {
        "kind": "water", "scope": "3栋", "cause": "供水管道抢修",
        "begin": begin, "end": begin + 4 * 3600,
    } | changes  # fmt: skip


async def test_a_dry_run_keeps_nothing(machine: Program) -> None:
    plan = await machine.ask("POST", "/plan", water())
    assert (plan["title"], plan["households"], plan["calls"]) == ("3栋 停水", 3, 2)
    assert plan["left_out"] == [{"home": "3-1-103", "why": "do_not_call", "words": "业主要求勿扰"}]
    assert [each["care"] for each in plan["texts"]] == [False, True]
    assert "尊敬的周先生，" in plan["texts"][0]["text"]
    assert plan["needs_approval"] == ""
    assert (await machine.ask("GET", ""))["notices"] == []
    wav = await machine.ask("POST", "/preview.wav?sample=1", water())
    assert wav.startswith(b"RIFF")


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_from_the_first_word_to_the_results(machine: Program, service: Service) -> None:
    made = await machine.ask("POST", "", water(start=True), status=201)
    notice = made["id"]
    running = await machine.until(notice, "running")
    assert running["progress"] == {
        "households": 3, "open": 2, "live": 0, "outcomes": {"do_not_call": 1},
    }  # fmt: skip
    assert running["speaking"] is None
    assert (await machine.ask("POST", f"/{notice}/pause"))["state"] == "paused"
    await machine.ask("POST", f"/{notice}/resume", status=202)
    await machine.until(notice, "running")
    wav = await machine.ask("GET", f"/{notice}/preview.wav")
    assert wav.startswith(b"RIFF")

    ledger = service.outbound.dialer.ledger
    (zhou, _wang) = [task for task in await ledger.tasks(notice) if task.outcome is None]
    await ledger.told_otherwise(zhou, Outcome.CONFIRMED, zhou.numbers[0], time.time())
    assert (await machine.ask("GET", f"/{notice}/progress"))["outcomes"]["confirmed"] == 1
    found = await machine.ask("GET", f"/{notice}/results?outcome=confirmed")
    assert (found["total"], found["results"][0]["home"]) == (1, "3-1-101")
    assert await machine.ask("POST", f"/{notice}/signed", {"homes": ["3-1-102"]}) == {"new": 1}
    done = await machine.until(notice, "done")

    later = {"end": done["end"] + 3600}
    await machine.ask("POST", f"/{notice}/extend", later, status=202)
    changed = await machine.until(notice, "running")
    assert (changed["phase"], changed["progress"]["open"]) == ("changed", 2)
    await machine.ask("POST", f"/{notice}/signed", {"homes": ["3-1-101"]})
    follow_up = await machine.ask("POST", f"/{notice}/restored", status=201)
    assert (follow_up["phase"], follow_up["progress"]["households"]) == ("restored", 1)
    await machine.ask("POST", f"/{notice}/off", status=202)
    await machine.until(notice, "cancelled", "phase")
    assert (await machine.ask("POST", f"/{notice}/cancel"))["state"] == "cancelled"
    assert [each["id"] for each in (await machine.ask("GET", ""))["notices"]] == [
        follow_up["id"], notice,
    ]  # fmt: skip


async def test_a_second_person_is_a_supervisor(
    machine: Program, client: Client, sign_in: SignIn
) -> None:
    made = await machine.ask("POST", "", water(scope="全部"), status=201)
    assert made["state"] == "draft"
    problem = await machine.ask("POST", f"/{made['id']}/start", status=400)
    assert "a second person must approve it" in problem["detail"]
    problem = await machine.ask("POST", f"/{made['id']}/approve", status=400)
    assert "a second person must approve it" in problem["detail"]  # it is the first one
    fields = await sign_in(client, Role.CLERK)
    token = {"X-CSRF-Token": next(iter(fields.values()))}
    path = f"/api/v1/notices/{made['id']}/approve"
    assert (await client.post(path, headers=token)).status == 403
    fields = await sign_in(client, Role.SUPERVISOR)
    token = {"X-CSRF-Token": next(iter(fields.values()))}
    answer = await client.post(path, headers=token)
    assert (await answer.json())["approved_by"] == "李强"


async def test_numbers_are_masked_for_clerks(
    machine: Program, client: Client, service: Service, sign_in: SignIn
) -> None:
    made = await machine.ask("POST", "", water(), status=201)
    ledger = service.outbound.dialer.ledger
    (task, *_) = [each for each in await ledger.tasks(made["id"]) if each.outcome is None]
    await sign_in(client, Role.CLERK)
    answer = await client.get(f"/notices/{made['id']}/results.csv")
    assert task.numbers[0] not in await answer.text()
    entries = await service.db.fetch_all("SELECT action FROM audit ORDER BY at", {})
    assert [row["action"] for row in entries][-1] == "notice.export"
    assert "notice.create" in [row["action"] for row in entries]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (water(end=0), "would end"),
        (water(begin=1.0, end=2.0), "was over at 01-01 08:00"),
        (water(scope="9栋"), "no owner of 9栋 is known"),
        (water(scope=""), "scope: String should have at least 1 character"),
        (water(cause="长" * 1000), "have 1000 characters"),
        (water(cause=""), "The cause is missing"),
        (water(kind="fire"), "kind"),
        (water(colour="red"), "there is no field 'colour'"),
        (water(begin="soon"), "begin"),
        (water(begin=1e300), "begin"),
        (water(outside_window=True, urgency="normal"), "Only an urgent notice"),
        ([], "The body is"),
    ],
)
async def test_a_mistake_is_a_problem_of_one_sentence(
    machine: Program, body: Any, sentence: str
) -> None:
    for path in ("/plan", ""):
        problem = await machine.ask("POST", path, body, status=400)
        assert sentence in problem["detail"]
        assert "\n" not in problem["detail"]
    assert (await machine.ask("GET", ""))["notices"] == []


@pytest.mark.parametrize("name", ["nothing", "%2e%2e", "0" * 5000, "x%00"])
async def test_what_there_is_not(machine: Program, name: str) -> None:
    for path in ("", "/progress", "/results", "/preview.wav"):
        await machine.ask("GET", f"/{name}{path}", status=404)
    await machine.ask("POST", f"/{name}/start", status=404)
