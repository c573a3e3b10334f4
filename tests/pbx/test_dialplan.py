"""What is written for Asterisk. That it loads and works is shown by tests/system."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from ivr.errors import UserError
from ivr.pbx.dialplan import dial_string, ladder_value, phones_dial, render
from ivr.settings import Ami, Ladder, Line, Outgoing, Phone, Recording, Settings, Trunk

SECRET = "of-the-tests"
SETTINGS = Settings(
    ami=Ami(secret=SecretStr(SECRET)),
    phones=[
        Phone(ext="101", device="PJSIP/desk-101"),
        Phone(ext="102", device="SIP/102"),
        Phone(ext="m", device="PJSIP/13900000000@city", outside=True),
    ],
    trunks=[Trunk(device="PJSIP/city")],
    lines=[
        Line(
            name="hotline",
            did=["4008001234", "075588880000"],
            ladders=[Ladder(primary=["101"], backup=["102", "101"], mobile="13900000000")],
        )
    ],
)


@pytest.fixture
def written(tmp_path: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in render(SETTINGS, tmp_path / "out")}


def test_a_ladder_is_one_row() -> None:
    value = ladder_value(SETTINGS, SETTINGS.lines[0].ladders[0], until=99.4)
    assert value == ("99|PJSIP/desk-101|PJSIP/desk-101&SIP/102|PJSIP/13900000000@city")


def test_phones_ring_once_each_and_must_exist() -> None:
    assert phones_dial(SETTINGS, ["102", "101", "102"]) == "SIP/102&PJSIP/desk-101"
    with pytest.raises(UserError, match="phone 999 is not in"):
        phones_dial(SETTINGS, ["999"])


@pytest.mark.parametrize(
    ("device", "dialled"),
    [("PJSIP/city", "PJSIP/138@city"), ("DAHDI/g1", "DAHDI/g1/138"), ("SIP/city", "SIP/city/138")],
)
def test_an_outside_number(device: str, dialled: str) -> None:
    settings = SETTINGS.model_copy(update={"trunks": [Trunk(device=device)]})
    assert dial_string(settings, "138") == dialled


def test_without_a_trunk_no_outside_number() -> None:
    with pytest.raises(UserError, match=r"ivr\.toml has no \[\[trunks\]\]"):
        dial_string(SETTINGS.model_copy(update={"trunks": []}), "138")


def test_everything_that_is_included_is_written(written: dict[str, str]) -> None:
    named = set(re.findall(r"ivr_?\w*\.conf", written["README.txt"]))
    assert named <= written.keys()


def test_every_context_that_is_gone_to_exists(written: dict[str, str]) -> None:
    dialplan = written["ivr.conf"] + written["ivr_site.conf"]
    contexts = set(re.findall(r"^\[([\w-]+)\]", dialplan, flags=re.MULTILINE))
    wanted = set(re.findall(r"(?:Goto|Gosub)\((ivr-[\w-]+),", dialplan))
    wanted |= set(re.findall(r"^include => ([\w-]+)", dialplan, flags=re.MULTILINE))
    assert wanted <= contexts


def test_what_is_dialled(written: dict[str, str]) -> None:
    site = written["ivr_site.conf"]
    for did in SETTINGS.lines[0].did:
        assert f"exten => {did},1,Set(__IVR_LINE=hotline)" in site
    assert "exten => 101,hint,PJSIP/desk-101" in site
    assert "exten => m,1" not in site  # a mobile is no extension
    allowed = re.findall(r"^exten => (_\S+),1,Set\(IVR_NUMBER", site, flags=re.MULTILINE)
    assert allowed == [f"_{pattern}" for pattern in Outgoing().allow]


def test_recording_by_setting(tmp_path: Path, written: dict[str, str]) -> None:
    assert "IVR_RECORD=1" in written["ivr_globals.conf"]
    off = SETTINGS.model_copy(update={"recording": Recording(enabled=False)})
    render(off, tmp_path)
    assert "IVR_RECORD=0" in (tmp_path / "ivr_globals.conf").read_text()


def test_the_secret_is_for_its_owner_only(tmp_path: Path) -> None:
    for path in render(SETTINGS, tmp_path):
        if SECRET in path.read_text("utf-8"):
            assert path.name == "ivr_manager.conf"
            assert path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        render(SETTINGS, tmp_path / "file")
