"""kill -9 of the dialer at random moments: `python -m bench.kill` prints JSON.

Nobody is phoned twice, and nobody is forgotten.

Campaigns are run one after the other by a process that is killed again and again
at random moments, until that many kills have happened. The city counts every call
it gets. Afterwards, of every campaign:

- duplicates: channels that Asterisk made beyond one for an attempt (by its event
  log), calls the city got that belong to no attempt, and calls to a household after
  one in which it was told;
- forgotten: households without an outcome, and attempts that are not done.

The time scale is about 1:20: people answer after 0.1 to 1 s or not at all, the
message lasts 0.5 s.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import structlog

from bench import figures
from bench.figures import Target
from bench.office import tell
from ivr.demo.agent import Behaviour
from ivr.demo.behaviours import answer, busy, never_answer, unallocated, unreachable
from ivr.demo.house import House
from ivr.outbound.ledger import Ledger, Story
from ivr.outbound.model import TOLD, CampaignState
from ivr.pbx import cel
from ivr.store.database import FILE_NAME, Database
from tests.outbound.office import campaign, households, open_town, settings, spawn

LINES = 12
LIFE_S = (0.05, 2.5)  # from when it dials until it is killed
CAMPAIGN_S = 180.0


def somebody(chance: random.Random) -> Behaviour:
    kinds: list[Behaviour] = [busy, unallocated, unreachable, never_answer]
    return chance.choices([answer(chance.uniform(0.1, 1.0)), *kinds], [80, 5, 5, 5, 5])[0]


async def measure(kills: int, count: int, seed: int, folder: Path) -> figures.Run:
    chance = random.Random(seed)
    done, number = 0, 0
    duplicates = forgotten = calls = 0
    outcomes: Counter[str] = Counter()
    async with (
        open_town(folder, 0.5) as house,
        await Database.open(house.settings.paths.data / FILE_NAME) as db,
    ):
        house.city.silent = True
        ledger = Ledger(db, house.settings.site.id)
        while done < kills:
            notice = campaign(f"{number}")
            tasks = households(notice, count, first=number * count)
            for each in tasks:
                house.city.subscriber(each.numbers[0], somebody(chance))
            await ledger.create(notice, tasks)
            done += await _finish(house, ledger, notice.id, chance, kills - done)
            stories = await ledger.stories(notice.id)
            number += 1
            duplicates += _duplicates(house, stories)
            forgotten += _forgotten(stories)
            calls += sum(len(story.attempts) for story in stories)
            outcomes.update(story.task.outcome for story in stories if story.task.outcome)
            tell(f"kill: campaign {number}, {done} of {kills} kills")
    return {
        "kills": done,
        "campaigns": number,
        "attempts": calls,
        "duplicates": duplicates,
        "forgotten": forgotten,
        **{f"households_{outcome}": times for outcome, times in outcomes.most_common()},
    }


async def _finish(
    house: House, ledger: Ledger, campaign_id: str, chance: random.Random, kills: int
) -> int:
    """Run the campaign to its end, with up to `kills` kills; how many there were."""
    wanted = settings(lines=LINES, pace=40.0, ring_s=1.5, attempts=3, other_retry_s=1.0)
    done = 0
    async with asyncio.timeout(CAMPAIGN_S):
        while True:
            process = await spawn(house, wanted)
            try:
                life = asyncio.get_running_loop().time() + chance.uniform(*LIFE_S)
                while done == kills or asyncio.get_running_loop().time() < life:
                    if (await ledger.campaign(campaign_id)).state is CampaignState.DONE:
                        return done
                    await asyncio.sleep(0.01)
            finally:
                process.kill()
                await process.wait()
            done += 1


def _duplicates(house: House, stories: Sequence[Story]) -> int:
    got = Counter(call.number for call in house.city.received)
    records, _ = cel.read(house.asterisk.fresh.cel)
    made = Counter(record.uniqueid for record in records if record.type == "CHAN_START")
    found = 0
    for task, attempts in stories:
        found += sum(max(0, made[each.id] - 1) for each in attempts)
        found += max(0, got[task.numbers[0]] - sum(made[each.id] for each in attempts))
        told = [index for index, each in enumerate(attempts) if each.outcome in TOLD]
        found += len(attempts) - 1 - told[0] if told else 0
    return found


def _forgotten(stories: Sequence[Story]) -> int:
    return sum(
        task.outcome is None or any(each.outcome is None for each in attempts)
        for task, attempts in stories
    )


def report(kills: int = 50, count: int = 200, seed: int | None = None) -> dict[str, object]:
    seed = int(time.time()) if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        run = asyncio.run(measure(kills, count, seed, Path(folder)))
    return figures.report(
        [run],
        [Target(name, 0, run[name]) for name in ("duplicates", "forgotten")],
        households_a_campaign=count, seed=seed, time_scale="about 1:20",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--households", type=int, default=200)
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    found = report(asked.kills, asked.households, asked.seed)
    print(json.dumps(found, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
