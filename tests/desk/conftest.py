from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.settings import Ladder, Line, Paths, Phone, Settings
from ivr.store.database import Database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        paths=Paths(data=tmp_path),
        phones=[Phone(ext=ext, device=f"PJSIP/{ext}") for ext in ("101", "102", "201", "202")],
        lines=[
            Line(
                name="hotline",
                did=["12345"],
                title="服务热线",
                ladders=[Ladder(primary=["101"], backup=["201"], mobile="13800138000")],
            ),
            Line(name="works", did=["12346"], title="工程部", ladders=[Ladder(primary=["201"])]),
        ],
    )


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "ivr.db") as opened:
        yield opened
