"""A mistake of the one who sets it up: one clear sentence, nothing lost, no retry storm."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from pydantic import SecretStr

from ivr.cache import cache_dir
from ivr.demo.house import House, free_port, fresh_settings, open_house
from ivr.errors import UserError
from ivr.pbx.testing import FaultProxy
from ivr.settings import Ami, Ladder, Line, Paths, Phone, Settings, Trunk
from ivr.settings_file import write
from tests.system.office import make_prompts

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

WEAK = """
[weak]
secret = of-no-use
read = call
write = call
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """An office whose service is not started; an account with hardly any rights."""
    folder = tmp_path_factory.mktemp("office")
    settings = Settings(
        phones=[Phone(ext="101", device="PJSIP/101"), Phone(ext="102", device="PJSIP/102")],
        trunks=[Trunk(device="PJSIP/city")],
        lines=[Line(name="service", did=["4008001234"], ladders=[Ladder(primary=["101"])])],
        paths=Paths(prompts=make_prompts(folder / "prompts")),
    )
    async with open_house(settings, folder, phones=["101"], service=False) as house:
        with (house.asterisk.fresh.etc / "manager.conf").open("a") as manager:
            manager.write(WEAK)
        await house.asterisk.cli("manager reload")
        yield house


def changed(house: House, folder: Path, **sections: Any) -> Path:
    """The settings of the house with some changed, in a file and data of their own."""
    settings = house.settings.model_copy(update=sections)
    paths = settings.paths.model_copy(update={"data": folder / "data"})
    file = folder / "ivr.toml"
    write(settings.model_copy(update={"paths": paths}), file)
    return file


def ami(house: House, **changes: Any) -> Ami:
    return house.settings.ami.model_copy(update=changes)


async def ivr(*arguments: str | Path, **environment: str) -> tuple[int, str]:
    """Exit code and what it said, of a command that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr", *map(str, arguments),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | environment,
    )  # fmt: skip
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def one_sentence(said: str) -> str:
    lines = [line for line in said.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, said
    assert lines[0].startswith("ivr: ")
    return lines[0]


async def test_doctor_is_content(house: House) -> None:
    code, said = await ivr("doctor", "--config", house.config)
    wrong = [line for line in said.splitlines() if line.startswith("✗")]
    assert [line.split()[1] for line in wrong] == ["分机"]  # 102 is not plugged in
    assert "102" in wrong[0]
    assert code == 1
    await house.phone("102")
    assert (await ivr("doctor", "--config", house.config))[0] == 0
    await house.unplug("102")


async def test_doctor_names_a_wrong_secret(house: House, tmp_path: Path) -> None:
    file = changed(house, tmp_path, ami=ami(house, secret=SecretStr("wrong")))
    code, said = await ivr("doctor", "--config", file)
    assert code == 1
    assert "wrong secret; set ami.secret" in said


async def test_doctor_names_the_rights_that_are_missing(house: House, tmp_path: Path) -> None:
    file = changed(house, tmp_path, ami=ami(house, user="weak", secret=SecretStr("of-no-use")))
    code, said = await ivr("doctor", "--config", file)
    assert code == 1
    assert "missing: write = command, originate, system; read = system" in said
    assert "dialplan" not in said.replace("ivr dialplan render", "")  # said once, not five times


async def test_doctor_says_that_nothing_listens(house: House, tmp_path: Path) -> None:
    file = changed(house, tmp_path, ami=ami(house, port=free_port()))
    code, said = await ivr("doctor", "--config", file)
    assert code == 1
    assert "nothing listens at" in said


async def test_serving_with_a_wrong_secret_says_so_and_does_not_storm(
    house: House, tmp_path: Path
) -> None:
    async with FaultProxy("127.0.0.1", house.settings.ami.port) as proxy:
        web = house.settings.web.model_copy(update={"port": free_port()})
        wrong = ami(house, secret=SecretStr("wrong"), port=proxy.port)
        file = changed(house, tmp_path, ami=wrong, web=web)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ivr", "serve", "--config", str(file),
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            detail = ""
            async with asyncio.timeout(15), aiohttp.ClientSession() as http:
                while "wrong secret" not in detail:
                    try:
                        async with http.get(f"http://127.0.0.1:{web.port}/healthz") as answer:
                            assert answer.status == 503
                            detail = (await answer.json())["components"]["ami"]["detail"]
                    except aiohttp.ClientError:
                        await asyncio.sleep(0.05)
                await asyncio.sleep(1.0)  # nothing announces that nothing is tried
            assert proxy.connections == 1
        finally:
            process.terminate()
            _, said = await process.communicate()
        assert process.returncode == 0
        lines = [json.loads(line) for line in said.decode().splitlines()]
        warnings = [each["event"] for each in lines if each["level"] == "warning"]
        first_start, *others = warnings
        assert first_start.startswith("first start:")
        assert others == [detail]


async def test_the_web_port_is_taken(house: House, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        web = house.settings.web.model_copy(update={"port": other.getsockname()[1]})
        code, said = await ivr("serve", "--config", changed(house, tmp_path, web=web))
    assert code == 2
    assert "cannot be served" in one_sentence(said)
    assert "web.port" in said


async def test_a_second_service_on_the_same_data(house: House, tmp_path: Path) -> None:
    await house.start_service()
    try:
        code, said = await ivr("serve", "--config", house.config)
        assert code == 2
        assert "another ivr uses this database" in one_sentence(said)
        assert (await house.get("/healthz"))["components"]["ami"]["ok"]
    finally:
        await house.stop_service()


async def test_an_unknown_setting(house: House, tmp_path: Path) -> None:
    file = changed(house, tmp_path)
    file.write_text(file.read_text() + "\n[ring]\nmax = 3\n")
    code, said = await ivr("serve", "--config", file)
    assert code == 2
    assert "there is no setting ring" in one_sentence(said)


async def test_a_ladder_with_a_phone_that_does_not_exist(house: House, tmp_path: Path) -> None:
    file = changed(house, tmp_path)
    file.write_text(file.read_text().replace('primary = ["101"]', 'primary = ["777"]'))
    code, said = await ivr("serve", "--config", file)
    assert code == 2
    assert "777" in one_sentence(said)


async def test_no_settings_at_all(tmp_path: Path) -> None:
    code, said = await ivr("serve", "--config", tmp_path / "none.toml")
    assert code == 2
    assert "`ivr init` writes one" in one_sentence(said)


async def test_the_data_folder_cannot_be_written(house: House, tmp_path: Path) -> None:
    file = changed(house, tmp_path)
    (tmp_path / "data").write_text("a file where a folder should be")
    code, said = await ivr("serve", "--config", file)
    assert code == 2
    assert "data" in one_sentence(said)


async def test_a_port_that_asterisk_needs_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        settings = fresh_settings(Settings(), tmp_path, ami_port=taken)
        with pytest.raises(UserError, match="port that Asterisk needs is taken"):
            async with open_house(settings, tmp_path, service=False, asterisk_ami_port=taken):
                pass


async def test_an_asterisk_that_is_too_old(tmp_path: Path) -> None:
    fake = tmp_path / "asterisk"
    fake.write_text("#!/bin/sh\necho Asterisk 18.10.0\n")
    fake.chmod(0o755)
    code, said = await ivr("demo", "--once", IVR_ASTERISK=str(fake), IVR_CACHE=str(cache_dir()))
    assert code == 2
    assert "is no Asterisk of version 22.6 or later" in said
