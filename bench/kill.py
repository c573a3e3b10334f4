"""kill -9 of the dialer at random moments: nobody is phoned twice, nobody forgotten.

    python -m bench.kill [--kills 50] [--households 200] [--seed N]

Campaigns are run one after the other by a process that is killed again and again
at random moments, until that many kills have happened. The city counts every call
it gets. Afterwards, of every campaign:

- duplicates: channels that Asterisk made beyond one for an attempt (by its event
  log), calls the city got that belong to no attempt, and calls to a household after
  one in which it was told;
- forgotten: households without an outcome, and attempts that are not done.

The time scale is about 1:20: people answer after 0.1 to 1 s or not at all, the
message lasts 0.5 s. Exits with 1 when anything is wrong.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from ivr.demo.agent import Behaviour
from ivr.demo.behaviours import answer, busy, never_answer, unallocated, unreachable
from ivr.demo.house import House
from ivr.outbound.campaigns import Campaigns
from ivr.outbound.ledger import Story
from ivr.outbound.model import TOLD, CampaignState, Outcome
from ivr.pbx import cel
from ivr.store.database import FILE_NAME, Database
from tests.outbound.office import campaign, households, open_town, settings, spawn

LINES = 12
LIFE_S = (0.05, 2.5)  # from when it dials until it is killed
CAMPAIGN_S = 180.0


class Result(NamedTuple):
    kills: int
    campaigns: int
    households: int
    calls: int
    duplicates: int
    forgotten: int
    outcomes: Counter[Outcome]
    seconds: float


def somebody(chance: random.Random) -> Behaviour:
    kinds: list[Behaviour] = [busy, unallocated, unreachable, never_answer]
    return chance.choices([answer(chance.uniform(0.1, 1.0)), *kinds], [80, 5, 5, 5, 5])[0]


async def run(kills: int, count: int, seed: int, folder: Path) -> Result:
    chance = random.Random(seed)
    begun = time.monotonic()
    done, number = 0, 0
    duplicates = forgotten = calls = 0
    outcomes: Counter[Outcome] = Counter()
    async with open_town(folder, 0.5) as house:
        house.city.silent = True
        async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
            campaigns = Campaigns(db, house.settings.site.id)
            while done < kills:
                notice = campaign(f"{number}")
                tasks = households(notice, count, first=number * count)
                for each in tasks:
                    house.city.subscriber(each.numbers[0], somebody(chance))
                await campaigns.create(notice, tasks)
                done += await _finish(house, campaigns, notice.id, chance, kills - done)
                stories = await campaigns.stories(notice.id)
                number += 1
                duplicates += _duplicates(house, stories)
                forgotten += _forgotten(stories)
                calls += sum(len(story.attempts) for story in stories)
                outcomes.update(story.task.outcome for story in stories if story.task.outcome)
                print(f"  campaign {number}: {done} of {kills} kills", file=sys.stderr)
    spent = time.monotonic() - begun
    return Result(done, number, number * count, calls, duplicates, forgotten, outcomes, spent)


async def _finish(
    house: House, campaigns: Campaigns, campaign_id: str, chance: random.Random, kills: int
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
                    if (await campaigns.get(campaign_id)).state is CampaignState.DONE:
                        return done
                    await asyncio.sleep(0.01)
            finally:
                process.kill()
                await process.wait()
            done += 1


def _duplicates(house: House, stories: list[Story] | tuple[Story, ...]) -> int:
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


def _forgotten(stories: list[Story] | tuple[Story, ...]) -> int:
    return sum(
        task.outcome is None or any(each.outcome is None for each in attempts)
        for task, attempts in stories
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="kill -9 of the dialer at random moments")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--households", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        result = asyncio.run(run(options.kills, options.households, options.seed, Path(folder)))
    words = ", ".join(f"{outcome} {count}" for outcome, count in result.outcomes.most_common())
    print(
        f"kill: {result.kills} kills -9 in {result.campaigns} campaigns of {options.households} "
        f"households ({result.seconds:.0f} s, seed {options.seed}, time scale about 1:20)\n"
        f"  {result.calls} attempts: {words}\n"
        f"  duplicates {result.duplicates} (0 wanted), forgotten {result.forgotten} (0 wanted)"
    )
    return 0 if result.duplicates == result.forgotten == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
