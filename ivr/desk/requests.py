"""The book of service requests (服务工作单): taking them, moving them on, telling of it.

Every change commits the request with an entry of its history in one transaction.
Then those who want to know are told, each entry once, whichever process made it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from ivr import ids
from ivr.desk import intake
from ivr.desk.intake import Draft
from ivr.desk.limits import Limit, moments, unmet
from ivr.desk.request import NEXT_STATES, STATE_WORDS, Entry, Request, RequestState, What
from ivr.desk.request_rows import entry_of, made, request_of, steps_of, values_of
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.store.database import Database, Writer
from ivr.store.requests import RequestFilter, RequestTables

log = structlog.get_logger(__name__)

MANY = 200  # entries told of at once

OnChange = Callable[[Request, Entry], None]
OnCommit = Callable[[Writer, Request, Entry], Awaitable[None]]


class ConflictError(UserError):
    """Somebody else changed the request after it was read; nothing was written."""

    def __init__(self, number: str, by: str) -> None:
        who = by or "somebody else"
        super().__init__(f"工单 {number} was changed by {who} meanwhile; look at it again")


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Request]  # overdue first, then by limit, then the newest
    total: int  # without the limit


class Count(NamedTuple):
    requests: int
    overdue: int


class Requests:
    """The requests of the site in `settings`.

    `on_change` is called with the request as it is now and each new entry, also of
    changes that another process made; never twice. `on_commit` may write more in
    the very transaction that marks the entry as told. A request is named by its
    number, its id or the last characters of it; every method that takes a name
    raises UserError when none or several match, when the step does not follow from
    the request's state, and ConflictError when it no longer has `version`.
    """

    def __init__(self, db: Database, settings: Settings) -> None:
        self.settings = settings
        self.on_change: list[OnChange] = []
        self.on_commit: list[OnCommit] = []
        self._db = db
        self._tables = RequestTables(db, settings.site.id)
        self._telling = asyncio.Lock()

    # --- looking -------------------------------------------------------------

    async def get(self, name: str) -> Request:
        return request_of(await self._tables.get(name))

    async def of_origin(self, origin: str) -> Request | None:
        """The one that has this id in the office's own system."""
        row = await self._tables.of_origin(origin)
        return None if row is None else request_of(row)

    async def find(self, wanted: RequestFilter) -> Page:
        rows, total = await self._tables.find(wanted)
        return Page([request_of(row) for row in rows], total)

    async def counts(self, now: float) -> dict[RequestState, Count]:
        """How many there are in each state."""
        rows = await self._tables.counts(now)
        return {RequestState(row["state"]): Count(row["requests"], row["overdue"]) for row in rows}

    async def history(self, name: str) -> list[Entry]:
        """Oldest first."""
        request = await self.get(name)
        return [entry_of(row) for row in await self._tables.entries(request.id)]

    def limits(self, request: Request) -> list[Limit]:
        """What still has to happen by when, the earliest first."""
        return unmet(request, self.settings.requests, self.settings.site.zone)

    # --- the steps -----------------------------------------------------------

    async def create(self, draft: Draft, *, by: str, now: float) -> Request:
        """Take a request. Whoever takes it keeps it, unless `draft` says who. One that came
        from the office's own system before is not taken twice, but given back as it is.

        Raises UserError for a field that cannot stand.
        """
        draft = intake.checked(draft, self.settings, now)
        assigned = bool(draft.department or draft.assignee)
        async with self._db.write() as writer:
            if draft.origin and (known := await self._tables.of_origin(draft.origin, writer)):
                return request_of(known)
            request = Request(
                id=ids.uuid7(now),
                number=await self._number(writer, now),
                state=RequestState.ASSIGNED if assigned else RequestState.OPEN,
                created_at=now,
                assigned_at=now if assigned else None,
                on_site_at=None,
                resolved_at=None,
                closed_at=None,
                **_drafted(draft, by),
            )
            await self.put(writer, request, draft.origin)
            entry = made(request, What.CREATED, by, now, draft.title)
            await self._tables.put_entry(writer, asdict(entry))
        await self._tell_now()
        return request

    async def change(
        self, name: str, *, by: str, now: float, version: int | None = None, **fields: Any
    ) -> Request:
        """Correct fields of it: those of `Draft`, but for its call and origin."""

        def step(request: Request) -> tuple[Request, str]:
            wanted = {
                field: intake.checked_field(field, value, self.settings)
                if field in intake.TEXTS
                else value
                for field, value in fields.items()
            }
            changes: dict[str, Any] = {
                field: value for field, value in wanted.items() if value != getattr(request, field)
            }
            changed = replace(request, **changes)
            intake.check_severity(changed.kind, changed.severity)
            if "promised_at" in changes:
                intake.check_promise(changed.promised_at, now)
            words = [
                f"{intake.WORDING[field]}：{self._shown(getattr(request, field))} → "
                f"{self._shown(getattr(changed, field))}"
                for field in changes
            ]
            return changed, "；".join(words)

        return await self._step(name, What.CHANGED, None, step, by, now, version)

    async def assign(
        self,
        name: str,
        *,
        by: str,
        now: float,
        department: str = "",
        assignee: str = "",
        promised_at: float | None = None,
        text: str = "",
        version: int | None = None,
    ) -> Request:
        """Give it to a department or a person; with a promised time, if there is one."""
        department = intake.checked_field("department", department, self.settings)
        assignee = intake.checked_field("assignee", assignee, self.settings)
        if not (department or assignee):
            raise UserError("派工: names neither a department nor a person")
        intake.check_promise(promised_at, now)

        def step(request: Request) -> tuple[Request, str]:
            # another department's person is not this one's
            person = assignee or (
                request.assignee if department in ("", request.department) else ""
            )
            changed = replace(
                request,
                department=department or request.department,
                assignee=person,
                promised_at=promised_at or request.promised_at,
                assigned_at=request.assigned_at or now,
            )
            promise = f"承诺 {self.clock(promised_at)}" if promised_at else ""
            return changed, _joined(changed.department, changed.assignee, promise, text)

        return await self._step(name, What.ASSIGNED, RequestState.ASSIGNED, step, by, now, version)

    async def on_site(
        self, name: str, *, by: str, now: float, text: str = "", version: int | None = None
    ) -> Request:
        """Somebody is on the spot."""
        return await self._step(
            name, What.ON_SITE, RequestState.ON_SITE,
            lambda request: (replace(request, on_site_at=request.on_site_at or now), text),
            by, now, version,
        )  # fmt: skip

    async def answer(
        self,
        name: str,
        *,
        by: str,
        now: float,
        text: str,
        promised_at: float | None = None,
        version: int | None = None,
    ) -> Request:
        """The owner was told what will happen, and when."""
        if not text.strip():
            raise UserError("答复业主: is empty; write what the owner was told")
        intake.check_promise(promised_at, now)
        return await self._step(
            name, What.ANSWERED, None,
            lambda request: (
                replace(
                    request,
                    answered_at=request.answered_at or now,
                    promised_at=promised_at or request.promised_at,
                ),
                text,
            ),
            by, now, version,
        )  # fmt: skip

    async def resolve(
        self, name: str, *, by: str, now: float, text: str = "", version: int | None = None
    ) -> Request:
        """The work is done; the owner is still to be asked."""
        return await self._step(
            name, What.RESOLVED, RequestState.RESOLVED,
            lambda request: (replace(request, resolved_at=now), text), by, now, version,
        )  # fmt: skip

    async def calling_back(self, name: str, *, by: str, now: float, text: str = "") -> Request:
        """The owner is being phoned."""
        return await self._plain(name, What.CALLING_BACK, RequestState.CALLING_BACK, by, now, text)

    async def not_reached(self, name: str, *, by: str, now: float, text: str = "") -> Request:
        """The owner could not be asked: the callback stays due."""
        return await self._plain(name, What.NOTE, RequestState.RESOLVED, by, now, text)

    async def satisfied(
        self, name: str, *, by: str, now: float, text: str = "", version: int | None = None
    ) -> Request:
        """The owner said so."""
        return await self._plain(
            name, What.SATISFIED, RequestState.SATISFIED, by, now, text, version
        )

    async def reopen(
        self,
        name: str,
        *,
        by: str,
        now: float,
        text: str,
        unsatisfied: bool = False,
        version: int | None = None,
    ) -> Request:
        """It is to be done again; its limits run anew. `unsatisfied`: a callback said so."""
        if not text.strip():
            raise UserError("重新处理: is empty; write what is still wrong")
        return await self._step(
            name, What.REOPENED, RequestState.REOPENED,
            lambda request: (
                replace(
                    request,
                    reopened_at=now,
                    rounds=request.rounds + unsatisfied,
                    promised_at=None,
                    assigned_at=None,
                    on_site_at=None,
                    answered_at=None,
                    resolved_at=None,
                    closed_at=None,
                ),
                text,
            ),
            by, now, version,
        )  # fmt: skip

    async def escalate(
        self,
        name: str,
        *,
        by: str,
        now: float,
        text: str,
        unsatisfied: bool = False,
        version: int | None = None,
    ) -> Request:
        """The manager takes it over. `unsatisfied`: after another callback that said so."""

        def step(request: Request) -> tuple[Request, str]:
            # as after a reopening: what was done is not done
            rounds = request.rounds + unsatisfied
            return replace(request, rounds=rounds, resolved_at=None), text

        return await self._step(
            name, What.ESCALATED, RequestState.ESCALATED, step, by, now, version
        )

    async def close(
        self, name: str, *, by: str, now: float, text: str = "", version: int | None = None
    ) -> Request:
        """For good. Wants a reason where the owner has not said that they are satisfied."""

        def step(request: Request) -> tuple[Request, str]:
            if request.state is not RequestState.SATISFIED and not text.strip():
                raise UserError(
                    f"工单 {request.number} is {STATE_WORDS[request.state]}, not 满意: "
                    "write why it is closed"
                )
            return replace(request, closed_at=now), text

        return await self._step(name, What.CLOSED, RequestState.CLOSED, step, by, now, version)

    async def note(
        self,
        name: str,
        *,
        by: str,
        now: float,
        text: str,
        what: What = What.NOTE,
        need: str = "",
    ) -> Request:
        """Write into its history. The request stays as it is, and so does its version."""
        text = intake.checked_text(text)
        if not text:
            raise UserError("备注: is empty")
        async with self._db.write() as writer:
            request = request_of(await self._tables.get(name, writer))
            entry = made(request, what, by, now, text, request.state, need)
            await self._tables.put_entry(writer, asdict(entry))
        await self._tell_now()
        return request

    async def put(
        self, writer: Writer, request: Request, origin: str = "", *, told_until: float = 0.0
    ) -> None:
        """Keep a new request inside a transaction. Limits that have passed by `told_until`
        are not told of: a request brought over from elsewhere is old."""
        open_limits = self.limits(request)
        told = steps_of(each for each in moments(open_limits) if each.at <= told_until)
        values = values_of(request, open_limits, told) | {"origin": origin}
        await self._tables.put(writer, values)
        await self._tables.put_steps(writer, request.id, request.since, told)

    # --- telling -------------------------------------------------------------

    async def tell(self) -> None:
        """Tell the subscribers of every entry that nobody was told of yet."""
        async with self._telling:
            while rows := await self._tables.untold(MANY):
                for row in rows:
                    await self._tell(entry_of(row))

    async def _tell_now(self) -> None:
        """The command line has no subscribers: what it did is told by the service."""
        if self.on_change or self.on_commit:
            await self.tell()

    async def _tell(self, entry: Entry) -> None:
        async with self._db.write() as writer:
            if not await self._tables.tell(writer, entry.id):
                return
            request = request_of(await self._tables.get(entry.request, writer))
            for keep in self.on_commit:
                await keep(writer, request, entry)
        for subscriber in self.on_change:
            try:
                subscriber(request, entry)
            except Exception:
                # one that fails must not take the entry from the others
                log.exception("a subscriber failed", request=request.number, what=entry.what)

    # --- one step ------------------------------------------------------------

    async def _plain(
        self,
        name: str,
        what: What,
        state: RequestState,
        by: str,
        now: float,
        text: str,
        version: int | None = None,
    ) -> Request:
        return await self._step(
            name, what, state, lambda request: (request, text), by, now, version
        )

    async def _step(
        self,
        name: str,
        what: What,
        state: RequestState | None,
        step: Callable[[Request], tuple[Request, str]],
        by: str,
        now: float,
        version: int | None,
    ) -> Request:
        """Read it, change it, write it with an entry: one transaction. `state` None: it
        stays in its own."""
        async with self._db.write() as writer:
            before = request_of(await self._tables.get(name, writer))
            if version is not None and version != before.version:
                raise ConflictError(before.number, await self._last_by(before.id))
            if state is not None and state not in NEXT_STATES[before.state]:
                raise UserError(
                    f"工单 {before.number} is {STATE_WORDS[before.state]}; "
                    f"it cannot become {STATE_WORDS[state]}"
                )
            changed, text = step(before)
            if changed == before and state is None:
                return before
            after = replace(changed, state=state or before.state, version=before.version + 1)
            told = await self._tables.steps(writer, after.id, after.since)
            values = values_of(after, self.limits(after), told)
            await self._tables.update(writer, values, before.version)
            entry = made(after, what, by, now, intake.checked_text(text), before.state)
            await self._tables.put_entry(writer, asdict(entry))
        await self._tell_now()
        return after

    async def _last_by(self, request_id: str) -> str:
        rows = await self._tables.entries(request_id)
        return str(rows[-1]["by_whom"]) if rows else ""

    async def _number(self, writer: Writer, now: float) -> str:
        day = f"{datetime.fromtimestamp(now, self.settings.site.zone):%Y%m%d}"
        return f"{day}-{await self._tables.next_of_day(writer, day):03}"

    def _shown(self, value: Any) -> str:
        if isinstance(value, float):
            return self.clock(value)
        return str(value) if value else "（空）"

    def clock(self, at: float) -> str:
        """A moment as the history has it."""
        return f"{datetime.fromtimestamp(at, self.settings.site.zone):%m-%d %H:%M}"


def _drafted(draft: Draft, by: str) -> dict[str, Any]:
    fields = asdict(draft)
    del fields["origin"]
    return fields | {"keeper": draft.keeper or by}


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)
