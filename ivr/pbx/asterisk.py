"""Running an Asterisk of our own in a folder of our own: for tests, the demo and small offices."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from ivr.errors import UserError
from ivr.pbx.dialplan import Fresh
from ivr.pbx.install import Installed


class Asterisk:
    """One Asterisk process, known by its pid (its name is that of the loader).

    The configuration must have been rendered by `ivr.pbx.dialplan.render_fresh`.
    """

    def __init__(self, installed: Installed, fresh: Fresh) -> None:
        self.installed = installed
        self.fresh = fresh
        self.process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError("Asterisk was not started")
        return self.process.pid

    @property
    def _conf(self) -> Path:
        return self.fresh.etc / "asterisk.conf"

    async def start(self, timeout_s: float = 30.0) -> None:
        """Start and wait until fully booted.

        Raises UserError with Asterisk's own last words when it does not come up.
        """
        output = (self.fresh.folder / "log" / "console.log").open("ab")
        with output:
            self.process = await asyncio.create_subprocess_exec(
                *self.installed.command, "-C", str(self._conf), "-f", "-g",
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        socket = self.fresh.socket_dir / "asterisk.ctl"
        try:
            async with asyncio.timeout(timeout_s):
                # the control socket is all there is to see before AMI answers
                while not socket.exists():
                    await self._still_alive(0.02)
                while True:
                    # the exit code is 0 as well when Asterisk ends meanwhile
                    if "fully booted" in await self.cli("core waitfullybooted"):
                        break
                    await self._still_alive(0.05)
        except TimeoutError:
            await self.kill()
            raise UserError(
                f"Asterisk did not boot within {timeout_s:g} s: {self._last_words()}"
            ) from None
        if taken := [line for line in self._log().splitlines() if "Unable to bind" in line]:
            await self.stop()
            raise UserError(f"A port that Asterisk needs is taken: {taken[0].split(': ', 1)[-1]}")

    def _log(self) -> str:
        try:
            return (self.fresh.folder / "log" / "messages.log").read_text(errors="replace")
        except OSError:
            return ""

    async def _still_alive(self, wait_s: float) -> None:
        assert self.process is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self.process.wait()
        if self.process.returncode is not None:
            raise UserError(f"Asterisk ended while starting: {self._last_words()}")

    def _last_words(self) -> str:
        words = []
        for name in ("console.log", "messages.log"):
            with contextlib.suppress(OSError):
                text = (self.fresh.folder / "log" / name).read_text(errors="replace")
                words += [line for line in text.splitlines() if "ERROR" in line][-2:]
        return " / ".join(words) or f"see {self.fresh.folder / 'log'}"

    async def cli(self, command: str) -> str:
        """What Asterisk's command line answers to `command`."""
        process = await asyncio.create_subprocess_exec(
            *self.installed.command, "-C", str(self._conf), "-rx", command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return said.decode(errors="replace")

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Stop at once (calls are hung up) and wait for the process to be gone."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(timeout_s):
                await self.process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL: as in a power cut."""
        if self.process is None or self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        for name in ("asterisk.ctl", "asterisk.pid"):
            (self.fresh.socket_dir / name).unlink(missing_ok=True)
