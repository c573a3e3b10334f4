"""What we ask of Asterisk: one function for each AMI action, with checked values.

Every function raises ValueError for a value that AMI could not carry as one
header: one with a line break (it would become a header of its own) or longer
than Asterisk's line buffer. Durations are seconds; AMI's milliseconds stay here.
Session.send() takes what they return.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

LINE_LIMIT = 1020
"""Bytes of a header line; longer ones Asterisk refuses (inbuf[1025], main/manager.c)."""

_KEY = re.compile(r"^[A-Za-z][\w-]{0,63}\Z", re.ASCII)
_FORBIDDEN = re.compile(r"[\r\n\0\v\f\x1c-\x1e\x85\u2028\u2029]")
_VARIABLE = re.compile(r"^_{0,2}[A-Za-z][\w-]*(\([\w(),:@./*+-]*\))?\Z", re.ASCII)
_SPECIAL = re.compile(r'([\\",()\[\]])')  # to the argument splitter, main/app.c


@dataclass(frozen=True, slots=True)
class Action:
    """An AMI action: its name and its headers in order; a key may come again."""

    name: str
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for key, value in self.headers:
            where = f"{self.name}: the value of {key}"
            if not _KEY.match(key):
                raise ValueError(f"{self.name}: {key!r} is no name of a header")
            if _FORBIDDEN.search(value):
                raise ValueError(f"{where} carries a line break")
            try:
                size = len(f"{key}: {value}".encode())
            except UnicodeEncodeError:
                raise ValueError(f"{where} is no valid text") from None
            if size > LINE_LIMIT:
                raise ValueError(f"{where} is longer than {LINE_LIMIT} bytes")


def _action(name: str, /, **headers: str | int | None) -> Action:
    return Action(name, tuple((k, str(v)) for k, v in headers.items() if v is not None))


def _variable(name: str) -> str:
    if not _VARIABLE.match(name):
        raise ValueError(f"{name!r} is no name of a channel variable or function")
    return name


def _assignments(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    # Unlike Setvar, Originate splits a Variable header as it would an application's arguments.
    return tuple(
        ("Variable", _SPECIAL.sub(r"\\\1", f"{_variable(name)}={value}"))
        for name, value in variables.items()
    )


# --- the connection ----------------------------------------------------------


def login(user: str, secret: str) -> Action:
    return _action("Login", Username=user, Secret=secret, Events="on")


def ping() -> Action:
    """Answered with Asterisk's own clock in `Timestamp`."""
    return _action("Ping")


def core_settings() -> Action:
    """Version of Asterisk and AMI."""
    return _action("CoreSettings")


def list_commands() -> Action:
    """The actions this user may send."""
    return _action("ListCommands")


def command(line: str) -> Action:
    """A line for Asterisk's command line; the response has an `Output` list."""
    return _action("Command", Command=line)


# --- calls -------------------------------------------------------------------


def originate(
    channel: str,
    *,
    application: str | None = None,
    data: str | None = None,
    context: str | None = None,
    exten: str | None = None,
    priority: int | str = 1,
    channel_id: str | None = None,
    other_channel_id: str | None = None,
    caller_id: str | None = None,
    timeout_s: float = 30.0,
    early_media: bool = False,
    variables: Mapping[str, str] | None = None,
) -> Action:
    """Call `channel` and connect it to an application or to the dialplan.

    The response only says that it was queued; what became of it comes as an
    OriginateResponse event with `uniqueid` = `channel_id`. A second Originate
    with a `channel_id` in use fails, so an id is dialled once. `other_channel_id`
    names the second half of a Local channel.
    """
    if (application is None) == (exten is None):
        raise ValueError("Originate needs either an application or an extension")
    action = _action(
        "Originate",
        Channel=channel,
        Async="true",
        Timeout=round(timeout_s * 1000),
        Application=application,
        Data=data,
        Context=context,
        Exten=exten,
        Priority=None if exten is None else priority,
        ChannelId=channel_id,
        OtherChannelId=other_channel_id,
        CallerID=caller_id,
        EarlyMedia="true" if early_media else None,
    )
    return Action(action.name, action.headers + _assignments(variables or {}))


def hangup(channel: str, cause: int = 16) -> Action:
    """`cause` is ITU-T Q.850; 16 is normal clearing."""
    return _action("Hangup", Channel=channel, Cause=cause)


def redirect(
    channel: str,
    context: str,
    exten: str,
    priority: int | str = 1,
    *,
    extra_channel: str | None = None,
    extra_context: str | None = None,
    extra_exten: str | None = None,
    extra_priority: int | str = 1,
) -> Action:
    """Send a channel, and at the same moment a second one, to the dialplan.

    The second one goes where the first goes unless told otherwise.
    """
    headers: dict[str, str | int | None] = {}
    if extra_channel is not None:
        headers = {
            "ExtraChannel": extra_channel,
            "ExtraContext": extra_context or context,
            "ExtraExten": extra_exten or exten,
            "ExtraPriority": extra_priority,
        }
    return _action(
        "Redirect", Channel=channel, Context=context, Exten=exten, Priority=priority, **headers
    )


def blind_transfer(channel: str, context: str, exten: str) -> Action:
    """`channel` is the one who transfers; whoever it talks to goes to `exten`."""
    return _action("BlindTransfer", Channel=channel, Context=context, Exten=exten)


def atxfer(channel: str, context: str, exten: str) -> Action:
    """Begin an attended transfer by `channel`."""
    return _action("Atxfer", Channel=channel, Context=context, Exten=exten)


def core_show_channels() -> Action:
    """A list: use Session.send_list."""
    return _action("CoreShowChannels")


def setvar(name: str, value: str, channel: str | None = None) -> Action:
    """Set a channel variable or function; without a channel, a global one."""
    return _action("Setvar", Channel=channel, Variable=_variable(name), Value=value)


def getvar(name: str, channel: str | None = None) -> Action:
    """The response's `Value`."""
    return _action("Getvar", Channel=channel, Variable=_variable(name))


# --- recording ---------------------------------------------------------------


def mix_monitor(channel: str, file: str, options: str = "") -> Action:
    return _action("MixMonitor", Channel=channel, File=file, options=options or None)


def stop_mix_monitor(channel: str) -> Action:
    return _action("StopMixMonitor", Channel=channel)


# --- Asterisk's own database -------------------------------------------------


def db_put(family: str, key: str, value: str) -> Action:
    return _action("DBPut", Family=family, Key=key, Val=value)


def db_get(family: str, key: str) -> Action:
    """A list of one DBGetResponse with `Val`; ActionFailed where there is none."""
    return _action("DBGet", Family=family, Key=key)


def db_del(family: str, key: str) -> Action:
    return _action("DBDel", Family=family, Key=key)


def db_del_tree(family: str, key: str | None = None) -> Action:
    return _action("DBDelTree", Family=family, Key=key)


# --- phones and the dialplan -------------------------------------------------


def device_state_list() -> Action:
    """A list of DeviceStateChange rows with `Device` and `State`."""
    return _action("DeviceStateList")


def user_event(name: str, fields: Mapping[str, str] | None = None) -> Action:
    """Every AMI client gets it, we too."""
    return Action("UserEvent", (("UserEvent", name), *(fields or {}).items()))
