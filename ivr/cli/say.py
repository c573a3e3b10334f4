"""`ivr say`: any text as it would be heard on the phone."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ivr.errors import UserError
from ivr.talk.audio import write_whole
from ivr.talk.normalise import normalise
from ivr.talk.voice import choose
from ivr.talk.voice.studio import TELEPHONE, WIDEBAND, Studio


def say(
    text: Annotated[str, typer.Argument(help="要说的话 · what to say")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="写入 .wav · file to write")
    ] = None,
    voice: Annotated[str | None, typer.Option("--voice", "-v", help="嗓音 · voice")] = None,
    language: Annotated[str, typer.Option("--language", "-l", help="语言 · zh-CN, en")] = "zh-CN",
    rate: Annotated[int, typer.Option(help="采样率 · 8000 or 16000 Hz")] = TELEPHONE,
    only_text: Annotated[
        bool, typer.Option("--text", help="只显示读法，不出声音 · print it as it is read, no audio")
    ] = False,
) -> None:
    """把文字说成电话里听到的样子 · say a text as it is heard on the phone."""
    if only_text:
        typer.echo(normalise(text, language))
        return
    if out is None:
        raise UserError("say where to write it (--out FILE.wav), or --text to see how it is read")
    if rate not in (TELEPHONE, WIDEBAND):
        raise UserError(f"--rate {rate}: choose {TELEPHONE} or {WIDEBAND}")
    if out.is_dir():
        raise UserError(f"{out}: is a folder; name a file such as {out / 'notice.wav'}")
    asyncio.run(_say(text, language, voice, rate, out))


async def _say(text: str, language: str, name: str | None, rate: int, out: Path) -> None:
    if name is None:
        voice, lacking = await asyncio.to_thread(choose.prepare, language)
        if lacking:
            typer.echo(lacking, err=True)
    else:
        voice = choose.choose(language, name)
    async with Studio(voice, language) as studio:
        made = await studio.render(text)
    write_whole(out, made.files[rate].read_bytes())
    typer.echo(f"{out}  {voice.name}  {made.text}")
