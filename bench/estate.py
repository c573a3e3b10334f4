"""The log of an estate's many calls, written as fast as SQLite takes it.

What the tracker would have made of owners who call again and again: three lines,
twenty telephones, about 3 % of the calls too late, what they wanted written down for
most. The same seed gives the same rows.
"""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ivr import ids
from ivr.store import database

SCHEMA = Path(database.__file__).parent / "schema"
DAYS = 3 * 365
OWNERS = 30_000
STRANGERS = 60_000
PHONES = (*(str(n) for n in range(101, 113)), *(str(n) for n in range(201, 209)))
LINES = {"hotline": "075512345678", "repair": "075512345679", "complaint": "075512345670"}
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林郑"
INTENTS = (
    "报修 水管漏水", "报修 电梯停运", "报修 门禁失灵", "报修 路灯不亮", "报修 下水道堵塞",
    "投诉 噪音扰民", "投诉 乱停车", "投诉 垃圾清运", "咨询 物业费", "咨询 停车位", "咨询 装修手续",
    "求助 被困电梯", "求助 忘带钥匙", "有偿服务 家电清洗", "有偿服务 管道疏通", "建议 增设充电桩",
)  # fmt: skip
NOTES = ("", "", "已派单", "已转工程部", "业主要求下午上门", "已解释，业主满意", "需要回电")
ABANDONED = ("abandoned", "system_abandoned")

Values = tuple[Any, ...]


class Owner(NamedTuple):
    id: str
    name: str
    number: str
    home: tuple[str, str, str]


class Written(NamedTuple):
    """One call as rows of the tables of schema 001."""

    call: Values
    legs: list[Values]
    transfers: list[Values]
    todo: Values | None


def owners() -> list[Owner]:
    return [
        Owner(
            f"owner-{n:06}",
            f"{SURNAMES[n % 20]}{chr(0x4E00 + n % 997)}{chr(0x5E00 + n % 991)}",
            f"138{n * 7919 % 10**8:08}",
            (str(n // 300 + 1), str(n % 300 // 100 + 1), str(n % 100 // 4 * 100 + n % 4 + 101)),
        )
        for n in range(OWNERS)
    ]


def write(file: Path, calls: int, now: float) -> None:
    """Make `file` a database of the schema before the log's indices, with `calls` calls
    of the three years that end at `now`."""
    db = sqlite3.connect(file, isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN")
    for script in sorted(SCHEMA.glob("00[1-8]_*.sql")):
        for statement in database.statements(script.read_text("utf-8")):
            db.execute(statement)
    book = owners()
    _many(db, "owners", [(o.id, "main", o.name, "先生", "zh-CN", "", 0, "", "") for o in book])
    _many(db, "owner_phones", [(o.id, "main", 0, o.number, o.number) for o in book])
    _many(db, "owner_homes", [(o.id, "main", 0, *o.home) for o in book])
    batch: list[Written] = []
    for each in _calls(book, calls, now):
        batch.append(each)
        if len(batch) == 10_000:
            _put(db, batch)
            batch.clear()
    _put(db, batch)
    db.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
    db.execute("PRAGMA user_version = 8")
    db.execute("COMMIT")
    db.close()


def _put(db: sqlite3.Connection, batch: list[Written]) -> None:
    _many(db, "calls", [each.call for each in batch])
    _many(db, "legs", [leg for each in batch for leg in each.legs])
    _many(db, "transfers", [moved for each in batch for moved in each.transfers])
    _many(db, "worklist", [each.todo for each in batch if each.todo])


def _many(db: sqlite3.Connection, table: str, rows: list[Values]) -> None:
    if rows:
        db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def _calls(book: list[Owner], calls: int, now: float) -> Iterator[Written]:
    chance = random.Random(1)
    strangers = [f"139{n * 104729 % 10**8:08}" for n in range(STRANGERS)]
    step = DAYS * 86_400 / calls
    for n in range(calls):
        start = now - (calls - n) * step + chance.random() * step
        owner = book[int(chance.random() ** 2 * OWNERS)]  # some call often
        number = owner.number if chance.random() < 0.85 else chance.choice(strangers)
        yield _call(chance, n, start, number)


def _call(chance: random.Random, n: int, start: float, number: str) -> Written:
    row, call_id = ids.uuid7(start), f"{start:.0f}.{n}"
    line = chance.choices(tuple(LINES), (70, 20, 10))[0]
    direction = chance.choices(("inbound", "outbound", "internal"), (80, 15, 5))[0]
    desk, other = chance.sample(PHONES, 2)
    inbound = direction == "inbound"
    late = inbound and chance.random() < 0.03
    disposition = chance.choices(
        ("answered", *ABANDONED, "no_answer", "busy", "failed"), (930, 30, 20, 13, 5, 2)
    )[0]
    answered = disposition == "answered"
    ring_s = chance.uniform(15, 40) if late else chance.uniform(1, 14)
    talk_s = chance.expovariate(1 / 120) if answered else 0.0
    answer_at = start + ring_s if answered else None
    end = start + ring_s + talk_s
    caller = number if inbound else desk
    called = LINES[line] if inbound else number if direction == "outbound" else other
    taped = answered and direction != "internal"
    written = answered and inbound and chance.random() < 0.9
    call = (
        row, "main", call_id, direction, caller, caller, "", called, called.removeprefix("0"),
        line if inbound else "", start, start + 0.2,
        start + 15 if late and ring_s > 15 else None, answer_at, end,
        desk if answered and inbound else other if answered else "",
        f"PJSIP/{desk}-{n:08x}" if answered else "", int(ring_s // 5) + 1, ring_s, ring_s, talk_s,
        5.0 if answered and chance.random() < 0.04 else 0.0, disposition,
        chance.choice(("caller", "callee")), int(late), 16, "正常挂机",
        f"recordings/{call_id}.wav" if taped else "", "ok" if taped else "none", 0, "",
        chance.choice(INTENTS) if written else "", chance.choice(NOTES) if written else "", end,
    )  # fmt: skip
    rang = (desk, *chance.sample(PHONES, chance.choice((0, 1, 1, 3)))) if inbound else (other,)
    legs = [
        (row, "main", position, ext, f"PJSIP/{ext}-{n:08x}", start, start + 0.2,
         answer_at if position == 0 else None, end if position == 0 else start + ring_s,
         1, ring_s, "answered" if answered and position == 0 else "elsewhere", int(late))
        for position, ext in enumerate(dict.fromkeys(rang))
    ]  # fmt: skip
    moved = answered and chance.random() < 0.06
    begun = start + ring_s + 5
    transfers = [(row, "main", 0, "blind", desk, other, begun, begun + 4, 4.0, "answered")]
    todo = None
    if inbound and disposition in ABANDONED:
        back = end + chance.uniform(60, 7200) if chance.random() < 0.8 else None
        todo = (
            ids.uuid7(end), "main", "abandoned", number, number, line, call_id, end, back,
            "前台" if back else "", "", None,
        )  # fmt: skip
    return Written(call, legs, transfers if moved else [], todo)
