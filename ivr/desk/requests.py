"""The book of service requests (服务工作单): taking them, moving them on, telling of it.

Every change commits the request with an entry of its history in one transaction.
What a step makes of a request is `request_steps`; who is told of it, `request_teller`.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from ivr import ids
from ivr.desk import intake
from ivr.desk import request_steps as steps
from ivr.desk.intake import Draft
from ivr.desk.limits import Limit, moments, unmet
from ivr.desk.request import NEXT_STATES, STATE_WORDS, Entry, Request, RequestState, What
from ivr.desk.request_rows import entry_of, made, request_of, steps_of, values_of
from ivr.desk.request_steps import After
from ivr.desk.request_teller import Teller
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.store.database import Database, Writer
from ivr.store.requests import RequestFilter, RequestTables


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
        self._db = db
        self._tables = RequestTables(db, settings.site.id)
        self._teller = Teller(db, self._tables)
        self.on_change = self._teller.on_change
        self.on_commit = self._teller.on_commit

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
        await self._teller.tell_now()
        return request

    async def change(
        self, name: str, *, by: str, now: float, version: int | None = None, **fields: Any
    ) -> Request:
        """Correct fields of it: those of `Draft`, but for its call and origin."""

        return await self._step(
            name, What.CHANGED, None,
            lambda request: steps.corrected(request, fields, self.settings, now),
            by, now, version,
        )  # fmt: skip

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

        return await self._step(
            name, What.ASSIGNED, RequestState.ASSIGNED,
            lambda request: steps.assigned(
                request, department, assignee, promised_at, text, now, self.settings.site.zone
            ),
            by, now, version,
        )  # fmt: skip

    async def on_site(
        self, name: str, *, by: str, now: float, text: str = "", version: int | None = None
    ) -> Request:
        """Somebody is on the spot."""
        return await self._step(
            name, What.ON_SITE, RequestState.ON_SITE,
            lambda request: steps.on_site(request, text, now), by, now, version,
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
            lambda request: steps.answered(request, promised_at, text, now),
            by, now, version,
        )  # fmt: skip

    async def resolve(
        self, name: str, *, by: str, now: float, text: str = "", version: int | None = None
    ) -> Request:
        """The work is done; the owner is still to be asked."""
        return await self._step(
            name, What.RESOLVED, RequestState.RESOLVED,
            lambda request: steps.resolved(request, text, now), by, now, version,
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
            lambda request: steps.reopened(request, text, now, unsatisfied=unsatisfied),
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

        return await self._step(
            name, What.ESCALATED, RequestState.ESCALATED,
            lambda request: steps.escalated(request, text, unsatisfied=unsatisfied),
            by, now, version,
        )  # fmt: skip

    async def close(
        self, name: str, *, by: str, now: float, text: str = "", version: int | None = None
    ) -> Request:
        """For good. Wants a reason where the owner has not said that they are satisfied."""

        return await self._step(
            name, What.CLOSED, RequestState.CLOSED,
            lambda request: steps.closed(request, text, now), by, now, version,
        )  # fmt: skip

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
        await self._teller.tell_now()
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

    async def tell(self) -> None:
        """Tell the subscribers of every entry that nobody was told of yet."""
        await self._teller.tell()

    def clock(self, at: float) -> str:
        """A moment as the history has it."""
        return steps.clock(at, self.settings.site.zone)

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
            name, what, state, lambda request: After(request, text), by, now, version
        )

    async def _step(
        self,
        name: str,
        what: What,
        state: RequestState | None,
        step: Callable[[Request], After],
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
        await self._teller.tell_now()
        return after

    async def _last_by(self, request_id: str) -> str:
        rows = await self._tables.entries(request_id)
        return str(rows[-1]["by_whom"]) if rows else ""

    async def _number(self, writer: Writer, now: float) -> str:
        day = f"{datetime.fromtimestamp(now, self.settings.site.zone):%Y%m%d}"
        return f"{day}-{await self._tables.next_of_day(writer, day):03}"


def _drafted(draft: Draft, by: str) -> dict[str, Any]:
    fields = asdict(draft)
    del fields["origin"]
    return fields | {"keeper": draft.keeper or by}
