import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.demo.house import House
from ivr.errors import UserError
from ivr.outbound.allowlist import Allowlist
from ivr.pbx.session import ActionFailed, Session
from ivr.settings import Outgoing

PATTERNS = [
    "1[3-9]XXXXXXXXX", "0[1-9]XXXXXXXX.", "11[09]", "12[02]", "400-XXX-XXXX",
    "9[15-7]!", "NZX", "8[-1]8",
]  # fmt: skip
NUMBERS = [
    "13800138000", "1380013800", "138001380001", "12800138000", "075588881234", "0755888812",
    "00852123456789", "110", "119", "111", "112", "120", "122", "121", "4001234567", "400123456",
    "91", "95", "9512345", "94", "9", "210", "190", "201", "818", "8-8", "828", "010",
]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "allowed"),
    [
        ("13800138000", True),
        ("12800138000", False),
        ("075588881234", True),
        ("01088881234", True),
        ("0085212345678", False),  # abroad
        ("110", True),
        ("116", False),
        ("+8613800138000", False),
        ("1380013800a", False),
        ("13800138000\n", False),
        ("", False),
    ],
)
def test_what_an_office_may_ring(number: str, allowed: bool) -> None:
    assert Allowlist(Outgoing().allow).allows(number) is allowed


@pytest.mark.parametrize("pattern", ["1[3-9", "1]3", "1[]3", "1[9-3]", "1[-]"])
def test_a_pattern_that_means_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(UserError, match=re.escape(repr(pattern))):
        Allowlist([pattern])


@given(st.text("0123456789", min_size=1, max_size=14))
def test_nothing_is_allowed_by_nobody(number: str) -> None:
    assert not Allowlist([]).allows(number)
    assert Allowlist(["."]).allows(number)
    assert Allowlist(["X!"]).allows(number)


@pytest.mark.pbx
@pytest.mark.asyncio(loop_scope="module")
async def test_a_pattern_means_what_it_means_in_the_dialplan(house: House, tmp_path: Path) -> None:
    async with Session(house.settings.ami) as session:
        await session.wait_booted()
        for index, pattern in enumerate(PATTERNS):
            context = f"allow-{index}"
            await session.command(f"dialplan add extension _{pattern},1,NoOp into {context}")
            for number in NUMBERS:
                try:
                    await session.command(f"dialplan show {number}@{context}")
                except ActionFailed:
                    matches = False  # "There is no existence of …"
                else:
                    matches = True
                assert Allowlist([pattern]).allows(number) is matches, (pattern, number)
