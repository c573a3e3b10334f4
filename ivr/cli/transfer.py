"""`ivr transfer`: move a running call to another phone."""

import asyncio
from typing import Annotated, Any

import aiohttp
import typer

from ivr.cli import options
from ivr.errors import UserError
from ivr.service import TOKEN_FILE
from ivr.settings import Settings

Call = Annotated[
    str, typer.Argument(help="通话编号，或通话中的分机 · call id, or an extension in it")
]
To = Annotated[str, typer.Option("--to", help="转给哪个分机 · the extension to go to")]
Attended = Annotated[bool, typer.Option("--attended", help="先咨询再转接 · consult first")]


def transfer(
    call: Call, to: To, attended: Attended = False, config: options.Config = options.CONFIG
) -> None:
    """转接通话；业主先听到“请稍等” · transfer a call; the caller hears please-wait first"""
    settings = options.settings_of(config)
    answer = asyncio.run(_transfer(settings, call, to, "attended" if attended else "blind"))
    typer.echo(f"{answer['call_id']} → {answer['to']}")


async def _transfer(settings: Settings, call: str, to: str, kind: str) -> dict[str, Any]:
    base = f"http://{settings.web.host}:{settings.web.port}/api/v1"
    try:
        token = (settings.paths.data / TOKEN_FILE).read_text(encoding="ascii").strip()
    except OSError:
        raise UserError("The service has never run here; start it with `ivr serve`") from None
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with aiohttp.ClientSession(headers=headers) as http:
            async with http.get(f"{base}/live") as response:
                open_calls = (await response.json())["calls"]
            call_id = _named(open_calls, call)
            body = {"to": to, "kind": kind}
            async with http.post(f"{base}/calls/{call_id}/transfer", json=body) as response:
                answer: dict[str, Any] = await response.json(content_type=None)
    except aiohttp.ClientConnectionError:
        raise UserError(f"No service answers at {base}; start it with `ivr serve`") from None
    if response.status >= 400:
        raise UserError(answer["detail"])
    return answer


def _named(open_calls: list[dict[str, Any]], name: str) -> str:
    for call in open_calls:
        talking = [phone["ext"] for phone in call["phones"] if phone["talking"]]
        if call["call_id"] == name or name in talking:
            return str(call["call_id"])
    raise UserError(f"No open call is {name!r} and extension {name!r} talks to nobody")
