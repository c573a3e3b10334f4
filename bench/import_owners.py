"""How fast a book of owners is imported: `python -m bench.import_owners` prints JSON.

A spreadsheet of 100,000 owners, as an office would have it (numbers as numbers,
fixed lines, some owners of two homes, some rows that are wrong), is imported by a
process of its own: read, compared with the store, written in one transaction.
Then the same file again, which must change nothing, and look-ups in what is there.
"""

import argparse
import asyncio
import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import xlsxwriter

OWNERS = 100_000
RUNS = 3
HEADINGS = "楼栋 单元 房号 姓名 称谓 电话1 电话2 电话3 备注 特别关怀 勿扰 语言"
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林郑"
LOOKUPS = 200


def write_sheet(file: Path, owners: int) -> None:
    book = xlsxwriter.Workbook(str(file), {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADINGS.split())
    for n in range(owners):
        building, unit, room = n // 400 + 1, n % 400 // 100 + 1, n % 100 // 4 * 100 + n % 4 + 101
        name = f"{SURNAMES[n % 20]}{chr(0x4E00 + n % 5000)}{chr(0x5E00 + n // 5000)}"
        sheet.write_row(n + 1, 0, [f"{building}栋", unit, room, name, "先生" if n % 2 else "女士"])
        sheet.write_number(n + 1, 5, 13_800_000_000 + n if n % 1000 else 12_345)
        if n % 2:
            sheet.write_string(n + 1, 6, f"0755-8{n:07d}")
        if n % 9 == 0:
            sheet.write_string(n + 1, 8, "租户，周末联系")
        if n % 50 == 0:
            sheet.write_string(n + 1, 9, "老人")
    book.close()


async def run(file: Path, folder: Path) -> dict[str, float]:
    from ivr.desk.owners import Owners
    from ivr.desk.scope import parse
    from ivr.settings import Settings
    from ivr.store.database import FILE_NAME, Database

    async with await Database.open(folder / FILE_NAME) as db:
        owners = Owners(db, Settings())
        began = time.perf_counter()
        plan = await owners.plan(file)
        read = time.perf_counter()
        await owners.put(plan)
        written = time.perf_counter()
        figures = {
            "seconds": written - began,
            "read_seconds": read - began,
            "added": len(plan.added),
            "changed": len(plan.changed),
            "same": plan.same,
            "wrong": plan.wrong_rows,
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        del plan  # the service that looks up has imported nothing
        gc.collect()
        began = time.perf_counter()
        for n in range(LOOKUPS):
            assert await owners.by_number(str(13_800_000_001 + n * 7))
        figures["by_number_ms"] = (time.perf_counter() - began) / LOOKUPS * 1000
        began = time.perf_counter()
        figures["households"] = len(await owners.households(parse("3栋、5栋2单元、7-2-501")))
        figures["households_ms"] = (time.perf_counter() - began) * 1000
        began = time.perf_counter()
        await owners.households(parse("全部"))
        figures["all_households_s"] = time.perf_counter() - began
        return figures


def measure(file: Path, folder: Path) -> dict[str, float]:
    me = [sys.executable, "-m", "bench.import_owners", "--part", str(file), str(folder)]
    said = subprocess.run(me, stdout=subprocess.PIPE, text=True, check=True, timeout=600).stdout
    figures: dict[str, float] = json.loads(said.splitlines()[-1])
    return figures


def report(owners: int, runs: int) -> dict[str, object]:
    first: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "owners.xlsx"
        write_sheet(file, owners)
        for n in range(runs):
            folder = Path(scratch) / str(n)
            first.append(measure(file, folder))
        again = measure(file, folder)

    def median(key: str) -> float:
        return round(statistics.median(figures[key] for figures in first), 2)

    idempotent = again["added"] == again["changed"] == 0
    return {
        "owners": owners,
        "runs": runs,
        **{key: median(key) for key in first[0]},
        "again_seconds": round(again["seconds"], 2),
        "again_peak_mib": round(again["peak_mib"], 2),
        "again_changes_nothing": idempotent,
        "passed": idempotent
        and max(median("seconds"), again["seconds"]) <= 20
        and max(median("peak_mib"), again["peak_mib"]) <= 400,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--owners", type=int, default=OWNERS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--part", nargs=2, type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part:
        print(json.dumps(asyncio.run(run(*asked.part))))
    else:
        print(json.dumps(report(asked.owners, asked.runs), indent=2))


if __name__ == "__main__":
    main()
