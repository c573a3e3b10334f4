"""Prompts: a person's recording takes the voice's place, and what is no recording does not."""

import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import FormData
from yarl import URL

from ivr.service import Service
from ivr.talk import prompts
from ivr.web.access import Role
from ivr.web.settings_pages.sounds import unfit
from tests.web.conftest import Client, SignIn

NAME = "sorry-wait"


def wav(seconds: float = 1.0, rate: int = 16_000, channels: int = 1, loud: float = 0.3) -> bytes:
    out = io.BytesIO()
    tone = np.sin(np.arange(round(seconds * rate)) * 440 * 2 * np.pi / rate) * loud * 32767
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(tone.astype("<i2"), channels).tobytes())
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "请选择"),
        (b"ID3\x04 an mp3", "不是 WAV"),
        (b"<html>", "不是 WAV"),
        (b"RIFF\xff\xff\xff\xffWAVE", "不是 WAV"),
        (wav()[:2000], "不完整"),
        (wav(rate=4000), "格式特殊"),
        (wav(channels=3), "格式特殊"),
        (wav(0.1), "应在 0.3 秒"),
        (wav(61, rate=8000), "应在 0.3 秒"),
        (wav(), ""),
        (wav(channels=2, rate=48_000), ""),
    ],
)
def test_what_is_a_recording(data: bytes, words: str) -> None:
    assert words in unfit(data)
    assert bool(words) is bool(unfit(data))


async def upload(client: Client, fields: dict[str, str], name: str, content: bytes) -> Any:
    data = FormData(quote_fields=False)
    for field, value in fields.items():
        data.add_field(field, value)
    data.add_field("file", content, filename="../../x.wav", content_type="audio/wav")
    return await client.post(f"/settings/prompts/{name}", data=data)


def own(service: Service) -> Path:
    return service.settings.paths.prompts.parent / "prompts-own" / "zh-CN" / f"{NAME}.wav"


async def test_a_recording_is_played_from_then_on(
    client: Client, service: Service, sign_in: SignIn
) -> None:
    fields = await sign_in(client, Role.MANAGER)
    answer = await upload(client, fields, NAME, wav())
    assert answer.status == 200
    assert "真人录音" in await answer.text()
    assert own(service).is_file()
    folder = service.settings.paths.prompts / "zh-CN"
    with wave.open(str(folder / f"{NAME}.wav")) as played:
        assert (played.getframerate(), played.getnchannels()) == (8000, 1)
    assert (folder / f"{NAME}.sln16").is_file()
    (built,) = prompts.manifest(folder)
    assert built.id == NAME
    heard = await client.get(f"/settings/prompts/{NAME}.wav")
    assert heard.content_type == "audio/wav"
    part = await client.get(f"/settings/prompts/{NAME}.wav", headers={"Range": "bytes=0-3"})
    assert (part.status, await part.read()) == (206, b"RIFF")
    assert prompts.drop_recording(service.settings, "zh-CN", service.settings.paths.prompts, NAME)
    assert not own(service).exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [(wav(loud=0.0), "听不到声音"), (b"no sound", "不是 WAV"), (b"\x00" * 700_000, "不是 WAV")],
)
async def test_what_is_none_changes_nothing(
    client: Client, service: Service, sign_in: SignIn, content: bytes, words: str
) -> None:
    fields = await sign_in(client, Role.MANAGER)
    answer = await upload(client, fields, NAME, content)
    assert answer.status == 422
    assert words in await answer.text()
    assert not own(service).exists()
    assert not list((service.settings.paths.prompts.parent / "prompts-own").rglob("*.*"))


async def test_too_large_is_said_in_words(client: Client, sign_in: SignIn) -> None:
    fields = await sign_in(client, Role.MANAGER)
    answer = await upload(client, fields, NAME, b"\x00" * (14 * 1024 * 1024))
    assert answer.status == 413
    assert "内容太大" in await answer.text()


@pytest.mark.parametrize(
    "name", ["nothing", "..%2f..%2fivr.toml", "%00", "sorry-wait%2f..", "a" * 300]
)
async def test_other_files_are_neither_heard_nor_written(
    client: Client, sign_in: SignIn, name: str
) -> None:

    fields = await sign_in(client, Role.MANAGER)
    heard = await client.get(URL(f"/settings/prompts/{name}.wav", encoded=True))
    assert heard.status == 404
    data = FormData({**fields, "file": "x"})
    written = await client.post(URL(f"/settings/prompts/{name}", encoded=True), data=data)
    assert written.status in (404, 405)


async def test_a_supervisor_listens_and_a_manager_records(client: Client, sign_in: SignIn) -> None:
    fields = await sign_in(client, Role.SUPERVISOR)
    text = await (await client.get("/settings/prompts")).text()
    assert "上传录音" not in text
    assert (await upload(client, fields, NAME, wav())).status == 403
