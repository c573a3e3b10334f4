"""What ivr does on the telephone system, in the words of the telephone.

One thin layer over the AMI session, so that no other room knows an action's
name. Every method may raise ActionFailed, ActionTimeout or ConnectionLost.
"""

import contextlib
import re
from collections.abc import Sequence

from ivr.ids import uuid7
from ivr.pbx import actions
from ivr.pbx.events import OWN_CHANNEL
from ivr.pbx.session import ActionFailed, Session

TRANSFERS = "ivr-transfer"
CONSULTATIONS = "ivr-from-desk"
RESCUE = "ivr-rescue"
TALK = "ivr-talk"
CLICK = "ivr-click"
FAMILY = "ivr"
EXPECTED = "ivr-expected"

# Actions we send, and the write class that each needs (`manager show commands`).
_RIGHTS = {
    "Originate": "originate",
    "Command": "command",
    "Redirect": "call",
    "DBPut": "system",
}

_NUMBER = re.compile(r"[^0-9+*#]")


class Switch:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def ring_to_pick_up(
        self, device: str, ringing: str, channel_id: str, ring_s: float, caller: str
    ) -> None:
        """Ring `device` as `channel_id`; who answers takes what channel `ringing` rings for.

        The phones that ring already are not disturbed (PickupChan, DESIGN.md).
        `caller` is shown on the display, reduced to what a number may hold.
        """
        await self._session.send(
            actions.originate(
                device,
                application="PickupChan",
                data=ringing,
                channel_id=channel_id,
                caller_id=f"<{_NUMBER.sub('', caller)[:24]}>",
                timeout_s=ring_s,
            )
        )

    async def dial_out(
        self,
        dial_string: str,
        attempt_id: str,
        ring_s: float,
        caller_id: str = "",
        owner: str = "",
        *,
        detect: bool = True,
    ) -> None:
        """Phone somebody; who answers talks with ivr (context ivr-talk).

        Without `detect` nobody is taken for an answering machine, and the talk begins at
        once, whatever the settings say.

        `owner` is the number, as our phones show it if they want a person then.

        The channel's uniqueid is `attempt_id`. Asterisk has only taken the order
        when this returns; what became of it is told by events.
        """
        await self._session.send(
            actions.originate(
                dial_string,
                context=TALK,
                exten="s",
                channel_id=attempt_id,
                caller_id=f"<{_NUMBER.sub('', caller_id)[:24]}>" if caller_id else None,
                timeout_s=ring_s,
                variables={"IVR_ATTEMPT": attempt_id, "IVR_OWNER": owner}
                | ({} if detect else {"IVR_DETECT": "0"}),
            )
        )

    async def ring_and_dial(self, device: str, ext: str, number: str) -> None:
        """Ring our own phone; who lifts it is put through to `number` (context ivr-click)."""
        await self._session.send(
            actions.originate(
                device,
                context=CLICK,
                exten="s",
                caller_id=f"<{_NUMBER.sub('', number)[:24]}>",
                variables={"IVR_TO": number, "IVR_EXT": ext},
            )
        )

    async def hang_up(self, channel: str) -> None:
        """`channel` is a name or a uniqueid. One that is gone already is no error."""
        try:
            await self._session.send(actions.hangup(channel))
        except ActionFailed:
            return

    async def rescue(self, channel: str) -> None:
        """Take the caller on `channel` out of its dialplan; the system answers."""
        await self._session.send(actions.redirect(channel, RESCUE, "s"))

    async def move(self, channel: str, ext: str) -> None:
        """Send a caller whom nobody talks to on to `ext`, with please-wait."""
        await self._session.send(actions.setvar("IVR_MOVED", "1", channel))
        await self._session.send(actions.redirect(channel, TRANSFERS, ext))

    async def transfer_blind(self, transferer: str, ext: str) -> None:
        """Whoever talks to `transferer` (a channel) goes to `ext`, with please-wait."""
        await self._session.send(actions.blind_transfer(transferer, TRANSFERS, ext))

    async def transfer_attended(self, transferer: str, ext: str) -> None:
        """`transferer` consults `ext`; who talked to it hears please-wait and music."""
        await self._session.send(actions.atxfer(transferer, CONSULTATIONS, ext))

    async def announce_recording(self, channel: str) -> None:
        """Let both sides of the talk on `channel` hear the recording notice.

        It does not interrupt them and ends with them.
        """
        identity = f"{OWN_CHANNEL}{uuid7()}"
        await self._session.send(
            actions.originate(
                "Local/recording-notice@ivr-announce/n",
                application="ChanSpy",
                data=f"{channel},qBuES",
                channel_id=f"{identity}-1",
                other_channel_id=f"{identity}-2",
            )
        )

    async def is_recorded(self, channel: str) -> bool:
        """Whether a recording was begun on `channel` already."""
        asked = actions.getvar("MIXMONITOR_FILENAME", channel)
        return bool((await self._session.send(asked)).get("Value"))

    async def record(self, channel: str, file: str) -> None:
        """Write to `file` what is said while `channel` talks to somebody."""
        await self._session.send(actions.mix_monitor(channel, file))

    async def record_heard(self, channel: str, file: str) -> None:
        """Write to `file` (raw .sln) what comes from `channel`, before any answer too."""
        await self._session.send(actions.mix_monitor(channel, "", f"r({file})"))

    async def stop_recording(self, channel: str) -> None:
        """A channel that is gone or is not recorded is no error."""
        with contextlib.suppress(ActionFailed):
            await self._session.send(actions.stop_mix_monitor(channel))

    async def record_on(self, before: str, channel: str, file: str) -> None:
        """Go on recording into `file` what is said on `channel`, no longer on `before`.

        Of a caller who was transferred blindly, a MixMonitor on the caller's own channel
        loses the new party's voice in half of the cases (measured, Asterisk 22.10.1).
        """
        with contextlib.suppress(ActionFailed):  # a leg that has gone took its own along
            await self._session.send(actions.stop_mix_monitor(before))
        await self._session.send(actions.mix_monitor(channel, file, "a"))

    async def set_hold_music(self, channel: str, music_class: str) -> None:
        await self._session.send(actions.setvar("CHANNEL(musicclass)", music_class, channel))

    async def publish_ladder(self, line: str, rows: Sequence[str]) -> None:
        """Let the dialplan know who rings on `line` from now on, without us.

        Rows are written before the end mark moves, so that a call that looks
        meanwhile finds one.
        """
        family = f"{FAMILY}/{line}"
        for number, row in enumerate(rows, start=1):
            await self._session.send(actions.db_put(family, str(number), row))
        end = str(len(rows) + 1)
        try:
            await self._session.send(actions.db_get(family, end))
        except ActionFailed:
            return  # there was no longer list before; DBDel would warn in Asterisk's log
        await self._session.send(actions.db_del(family, end))

    async def expect_caller(self, number: str) -> None:
        """Bring who calls from `number` to us before the phones ring."""
        await self._session.send(actions.db_put(EXPECTED, number, "1"))

    async def expect_caller_no_more(self, number: str) -> None:
        await self._session.send(actions.db_del(EXPECTED, number))

    async def expect_nobody(self) -> None:
        try:
            await self._session.send(actions.db_del_tree(EXPECTED))
        except ActionFailed:
            return  # nobody was

    async def go_on_to_hotline(self, channel: str) -> None:
        """When our conversation on `channel` ends, its call goes on to a person."""
        await self._session.send(actions.setvar("IVR_NEXT", "hotline", channel))

    async def lacking_rights(self) -> set[str]:
        """Write classes of manager.conf without which we cannot do our work."""
        may = await self._session.send(actions.list_commands())
        return {right for action, right in _RIGHTS.items() if may.get(action) is None}

    async def command(self, line: str) -> str:
        """What Asterisk's command line answers."""
        return await self._session.command(line)

    async def now(self) -> float | None:
        """Asterisk's clock, seconds since the epoch; None without timestampevents."""
        said = (await self._session.send(actions.ping())).get("Timestamp", "")
        try:
            return float(said)
        except ValueError:
            return None

    async def device_states(self) -> dict[str, str]:
        """Device → state, of every device that Asterisk knows."""
        rows = await self._session.send_list(actions.device_state_list())
        return {str(row.device): str(row.state) for row in rows}
