from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli.owners import app
from ivr.errors import UserError


@pytest.fixture
def site(tmp_path: Path) -> Path:
    config = tmp_path / "ivr.toml"
    config.write_text('[owners]\narea_code = "020"\n', encoding="utf-8")
    return config


def ivr(site: Path, *arguments: object, answer: str = "") -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(app, [*words, "--config", str(site)], input=answer)


def sheet(site: Path, *rows: str) -> Path:
    file = site.with_name("owners.csv")
    file.write_text("\n".join(["楼栋,单元,房号,姓名,称谓,电话", *rows]), encoding="utf-8")
    return file


ZHOU = "3,2,1201,周建国,先生,13800138000/88881234"
LI = "5,,301,[red]李梅,,13900139000"


def test_an_import_is_shown_first_and_written_when_confirmed(site: Path) -> None:
    file = sheet(site, ZHOU, LI, "5,,302,王芳,,119")
    shown = ivr(site, "import", file, "--dry-run").output
    assert "新增 2，更改 0，不变 0，有误 1" in shown
    assert "138****8000" in shown
    assert "row 4" in shown
    assert "'119' is no telephone number that exists" in shown
    assert "13900139000" not in shown
    assert "还没有业主" in ivr(site, "list").output

    refused = ivr(site, "import", file, answer="n\n")
    assert refused.exit_code == 1
    assert "写入 2 位业主，有误的 1 行除外？" in refused.output
    assert "还没有业主" in ivr(site, "list").output

    assert "已写入 2 位业主。" in ivr(site, "import", file, answer="y\n").output
    again = ivr(site, "import", file)
    assert again.exit_code == 0
    assert "不变 2" in again.output
    assert "写入" not in again.output.replace("不写入", "")


def test_a_change_is_shown_with_what_was_before(site: Path) -> None:
    ivr(site, "import", sheet(site, ZHOU), "--yes")
    shown = ivr(site, "import", sheet(site, ZHOU.replace("先生", "女士")), "--dry-run").output
    (line,) = [line for line in shown.splitlines() if "称谓" in line]
    assert line.split() == ["3-2-1201", "周建国", "称谓", "先生", "女士"]


def test_numbers_are_masked_unless_asked_for(site: Path) -> None:
    ivr(site, "import", sheet(site, ZHOU, LI), "--yes")
    for command in (["list"], ["list", "3栋"], ["show", "3-2-1201"], ["show", "周建国"]):
        masked, plain = ivr(site, *command).output, ivr(site, *command, "--show-numbers").output
        assert "138****8000" in masked
        assert "13800138000" not in masked
        assert "13800138000" in plain
        assert "02088881234" in plain
    assert "[red]李梅" in ivr(site, "list").output


def test_flags_of_one_owner_are_set(site: Path) -> None:
    ivr(site, "import", sheet(site, ZHOU), "--yes")
    flags = [
        "--do-not-call",
        "--quiet",
        "12:00-14:00",
        "--care",
        "老人、孕妇",
        "--language",
        "英语",
    ]
    shown = ivr(site, "set", "13800138000", *flags).output
    for word in ("是", "12:00-14:00", "老人、孕妇", "en"):
        assert word in shown
    shown = ivr(site, "set", "3-2-1201", "--call", "--quiet", "", "--care", "无").output
    assert "12:00-14:00" not in shown
    assert "老人" not in shown
    assert "否" in shown


def test_an_export_can_be_imported_again(site: Path) -> None:
    ivr(site, "import", sheet(site, ZHOU, LI), "--yes")
    out = site.with_name("out.xlsx")
    assert "已导出 2 位业主" in ivr(site, "export", out, "--show-numbers").output
    assert "新增 0，更改 0，不变 2，有误 0" in ivr(site, "import", out).output
    error = ivr(site, "export", out).exception
    assert "is there already; add --force" in str(error)


def test_an_owner_is_forgotten(site: Path) -> None:
    ivr(site, "import", sheet(site, ZHOU), "--yes")
    assert ivr(site, "remove", "周建国", answer="n\n").exit_code == 1
    assert "已删除。" in ivr(site, "remove", "周建国", "--yes").output
    assert "还没有业主" in ivr(site, "list").output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["list", "9栋"], "no owner of 9栋 is known"),
        (["list", "3楼"], "'3楼' is not understood"),
        (["show", "nobody"], "there is no owner 'nobody'"),
        (["set", "3-2-1201"], "says nothing to change"),
        (["set", "3-2-1201", "--quiet", "noon"], "'noon' is no span of hours"),
        (["set", "3-2-1201", "--care", "VIP"], "'VIP' is none of"),
        (["set", "3-2-1201", "--do-not-call"], "is more than one owner: 周建国（.*）、王芳（"),
        (["import", "none.csv"], "cannot be read"),
        (["export", "out.pdf"], "neither .csv nor .xlsx"),
    ],
)
def test_a_mistake_is_one_sentence(site: Path, arguments: list[str], sentence: str) -> None:
    ivr(site, "import", sheet(site, ZHOU, "3,2,1201,王芳,,13600136000"), "--yes")
    with pytest.raises(UserError, match=sentence):
        raise ivr(site, *arguments).exception or AssertionError("no mistake was told")
