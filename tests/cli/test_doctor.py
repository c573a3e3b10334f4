"""`ivr doctor` without an Asterisk; with one it is tested in tests/system."""

from pathlib import Path

from aiohttp.test_utils import unused_port
from typer.testing import CliRunner

from ivr.cli.app import app


def test_every_finding_is_a_line_and_every_fault_has_its_cure(tmp_path: Path) -> None:
    (tmp_path / "ivr.toml").write_text(f"[ami]\nport = {unused_port()}\ntimeout_s = 0.2\n")
    done = CliRunner().invoke(app, ["doctor", "--config", str(tmp_path / "ivr.toml")])
    assert done.exit_code == 1
    lines = done.output.splitlines()
    faults = [number for number, line in enumerate(lines) if line.startswith("✗")]
    assert all("→" in lines[number + 1] for number in faults)
    assert "nothing listens at" in done.output
    assert "ivr prompts build" in done.output
    assert "ivr.toml has no [[lines]]" in done.output
    assert "✓ 磁盘 disk" in done.output
    assert f"{len(faults)} 项需要处理" in done.output
