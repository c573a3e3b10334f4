from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.settings import Ami, Ladder, Line, Phone, Settings, Trunk, load
from ivr.settings_file import dump, write

OFFICE = Settings(
    ami=Ami(secret='quo"te'),  # type: ignore[arg-type]
    phones=[
        Phone(ext="101", device="PJSIP/101", name="前台"),
        Phone(ext="102", device="PJSIP/102"),
    ],
    trunks=[Trunk(device="PJSIP/city")],
    lines=[
        Line(
            name="hotline",
            did=["4001234567"],
            ladders=[
                Ladder(days="workday", hours="08:00-18:00", primary=["101"], backup=["102"]),
                Ladder(primary=["102"], mobile="13900000000"),
            ],
        )
    ],
)


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "ivr.toml"
    write(OFFICE, path)
    again = load(path, environ={})
    assert again.lines == OFFICE.lines
    assert again.phones == OFFICE.phones
    assert again.ami == OFFICE.ami
    assert again.paths.data == tmp_path / "data"
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_setting_is_explained_in_the_file() -> None:
    text = dump(Settings())
    assert "ring_cadence_s = 5.0  # China: 1 s on, 4 s off" in text
    assert "max_rings = 3" in text


def test_a_file_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "ivr.toml"
    write(OFFICE, path)
    with pytest.raises(UserError, match="exists already"):
        write(OFFICE, path)
    write(OFFICE, path, force=True)


def test_the_secret_may_come_from_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "ivr.toml"
    path.write_text("")
    assert load(path, environ={"IVR_AMI__SECRET": "s"}).ami.secret.get_secret_value() == "s"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[rings]\nmax_ring = 3", "there is no setting rings.max_ring"),
        ("[rings]\nring_cadence_s = 0", "rings.ring_cadence_s: Input should be greater than 0"),
        ("[rings]\nbackup_ring = 4", "backup_ring is later than max_rings"),
        ("[site]\ntimezone = 'Mars'", "site.timezone: is no time zone"),
        ("[ami]\nport = 'x'", "ami.port: Input should be a valid integer"),
        ("[[phones]]\next = '101'", "phones.0.device is missing"),
        ("[[phones]]\next = '1,s'\ndevice = 'PJSIP/1'", "phones.0.ext: String should match"),
        ("[[phones]]\next = '1'\ndevice = 'PJSIP/1&SIP/2'", "phones.0.device: String should match"),
        (
            "[[lines]]\nname='h'\ndid=['1']\n[[lines.ladders]]\nprimary=['7']",
            "line 'h' rings phone 7, which is not in [[phones]]",
        ),
        (
            "[[lines]]\nname='h'\ndid=['1']\n[[lines.ladders]]\nprimary=['7']\nhours='8-18'",
            "is no span of hours",
        ),
        ("[web\n", "is not TOML"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "ivr.toml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        load(path, environ={})
    assert sentence in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_no_file_names_the_cure(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="`ivr init` writes one"):
        load(tmp_path / "none.toml")
