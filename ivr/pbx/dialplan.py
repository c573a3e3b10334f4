"""Writing our side of Asterisk's configuration from ivr.toml.

For an office's own PBX only the parts to #include are written; for a fresh one
(`Fresh`) the complete configuration.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ivr.errors import UserError
from ivr.resources import folder
from ivr.settings import Ladder, Number, Settings

LEAD_S = 0.06
"""How long before ring 4 the dialplan takes the call: it takes 20 ms to answer, measured."""

READ_ME = """\
Include these from your Asterisk's own files, then `asterisk -rx 'core reload'`.

Plain Asterisk (22.6 or later), in /etc/asterisk:
  extensions.conf    in [globals]:      #include {here}/ivr_globals.conf
                     after all else:    #include {here}/ivr.conf
                                        #include {here}/ivr_site.conf
  musiconhold.conf   at the end:        #include {here}/ivr_musiconhold.conf
  manager.conf       in [general]:      enabled = yes
                                        timestampevents = yes
                     at the end:        #include {here}/ivr_manager.conf
  features.conf      merge              {here}/ivr_features.conf
  cel.conf and cel_custom.conf          merge {here}/ivr_cel.conf, ivr_cel_custom.conf

FreePBX: the same #include lines go into
  globals_custom.conf, extensions_custom.conf, musiconhold_custom.conf,
  manager_custom.conf and features_general_custom.conf / features_featuremap_custom.conf.

Then send outside calls to the context ivr-from-trunk (the trunk's `context`, or
on FreePBX a Custom Destination `ivr-from-trunk,NUMBER,1`), and give desk phones
`moh_suggest = ivr-hold-a` so that a held caller hears 请稍等 first.
`ivr doctor` says what is still missing.
"""


def _environment() -> Environment:
    base = folder("dialplan")
    return Environment(
        loader=FileSystemLoader([base, base / "asterisk"]),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # no web pages; every value was checked by the settings
    )


def dial_string(settings: Settings, number: Number) -> str:
    """How Dial() reaches an outside number: "PJSIP/138…@trunk"; UserError without a trunk."""
    prefix, suffix = _trunk_ends(settings)
    if not prefix:
        raise UserError(f"{number} cannot be rung: ivr.toml has no [[trunks]]")
    return f"{prefix}{number}{suffix}"


def device_of(settings: Settings, number: str) -> str:
    """How a call is made to `number`: one of our phones by its extension, else outside.

    Raises UserError for an outside number without a trunk.
    """
    phone = settings.phone(number)
    return dial_string(settings, number) if phone is None else phone.device


def _trunk_ends(settings: Settings) -> tuple[str, str]:
    if not settings.trunks:
        return "", ""
    technology, _, name = settings.trunks[0].device.partition("/")
    if technology == "PJSIP":
        return "PJSIP/", f"@{name}"
    return f"{settings.trunks[0].device}/", ""


def phones_dial(settings: Settings, extensions: Sequence[str]) -> str:
    """Dial()'s first argument for these phones, each once, in order."""
    devices = []
    for ext in dict.fromkeys(extensions):
        phone = settings.phone(ext)
        if phone is None:
            raise UserError(f"phone {ext} is not in [[phones]] of ivr.toml")
        devices.append(phone.device)
    return "&".join(devices)


def ladder_value(settings: Settings, ladder: Ladder, until: float = 0) -> str:
    """A ladder as the dialplan reads it: until|first|all|mobile.

    `until` is when it ends, in seconds since the epoch.
    """
    return "|".join(
        (
            f"{until:.0f}",
            phones_dial(settings, ladder.primary),
            phones_dial(settings, [*ladder.primary, *ladder.backup]),
            dial_string(settings, ladder.mobile) if ladder.mobile else "",
        )
    )


def _values(settings: Settings) -> dict[str, object]:
    prefix, suffix = _trunk_ends(settings)
    return {
        "settings": settings,
        "desk_phones": [phone for phone in settings.phones if not phone.outside],
        "ladder_value": lambda ladder: ladder_value(settings, ladder),
        "sounds": settings.paths.prompts / settings.site.language,
        "recordings": settings.paths.data / "recordings",
        "trunk_prefix": prefix,
        "trunk_suffix": suffix,
        "sorry": ["sorry-wait", "offer-callback"],
        "lead_s": LEAD_S,
    }


def render(settings: Settings, target: Path) -> list[Path]:
    """Write what an office's own Asterisk includes into `target`; returns the files."""
    environment = _environment()
    source = folder("dialplan")
    values = _values(settings)
    files = {
        "ivr.conf": (source / "ivr.conf").read_text(encoding="utf-8"),
        "ivr_features.conf": (source / "features.conf").read_text(encoding="utf-8"),
        "ivr_cel.conf": (source / "asterisk/cel.conf").read_text(encoding="utf-8"),
        "ivr_cel_custom.conf": (source / "asterisk/cel_custom.conf").read_text(encoding="utf-8"),
        "README.txt": READ_ME.format(here=target.resolve()),
    }
    for template in ("site", "globals", "musiconhold", "manager"):
        text = environment.get_template(f"{template}.conf.j2").render(values)
        files[f"ivr_{template}.conf"] = text
    return _write(target, files)


@dataclass(frozen=True, slots=True)
class Account:
    """A SIP account of a fresh PBX: a desk phone, or an owner of the demo's city."""

    user: str
    title: str
    number: str
    context: str = "ivr-from-desk"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))


@dataclass(frozen=True, slots=True)
class SipTrunk:
    """A peer known by its address, without registration."""

    name: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Fresh:
    """A complete PBX of our own: where it runs and whom it knows."""

    folder: Path
    modules: Path
    data: Path
    sip_port: int
    rtp_first: int
    rtp_last: int
    accounts: Sequence[Account] = ()
    trunks: Sequence[SipTrunk] = ()
    media_port: int = 8089
    sip_host: str = "127.0.0.1"
    extra_dialplan: str = ""
    """More contexts, for tests and the demo."""

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def socket_dir(self) -> Path:
        return self.folder / "run"

    @property
    def cel(self) -> Path:
        return self.folder / "log" / "cel-custom" / "ivr.csv"


def render_fresh(settings: Settings, fresh: Fresh) -> list[Path]:
    """Write the complete configuration into `fresh.etc`; returns the files."""
    environment = _environment()
    values = _values(settings) | {
        "run": fresh.folder,
        "etc": fresh.etc,
        "socket_dir": fresh.socket_dir,
        "modules": fresh.modules,
        "data": fresh.data,
        "sip_host": fresh.sip_host,
        "sip_port": fresh.sip_port,
        "rtp_first": fresh.rtp_first,
        "rtp_last": fresh.rtp_last,
        "ami_port": settings.ami.port,
        "accounts": fresh.accounts,
        "trunks": fresh.trunks,
        "media_port": fresh.media_port,
    }
    source = folder("dialplan")
    files = {
        "ivr.conf": (source / "ivr.conf").read_text(encoding="utf-8"),
        "features.conf": (source / "features.conf").read_text(encoding="utf-8"),
    }
    for name, template in (
        ("ivr_site.conf", "site.conf.j2"),
        ("ivr_globals.conf", "globals.conf.j2"),
        ("musiconhold.conf", "musiconhold.conf.j2"),
        ("manager.conf", "manager_all.conf.j2"),
    ):
        files[name] = environment.get_template(template).render(values)
    for path in sorted((source / "asterisk").iterdir()):
        name = path.name.removesuffix(".j2")
        if name == "manager_all.conf":
            continue
        files[name] = environment.get_template(path.name).render(values)
    files["extensions.conf"] += fresh.extra_dialplan
    for each in ("cache", "lib", "agi", "spool", "run", "log/cel-custom", "sbin"):
        (fresh.folder / each).mkdir(parents=True, exist_ok=True)
    return _write(fresh.etc, files)


def _write(target: Path, files: dict[str, str]) -> list[Path]:
    try:
        target.mkdir(parents=True, exist_ok=True)
        written = []
        for name, text in files.items():
            path = target / name
            path.touch(mode=0o600 if "manager" in name or "pjsip" in name else 0o644)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise UserError(f"{target}: cannot be written ({error.strerror})") from None
    return written
