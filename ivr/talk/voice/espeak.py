"""espeak-ng: small, everywhere, plainly a machine. The voice when no other can be had.

It reads Mandarin well enough only from pinyin, so that is what it is given.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ivr.cache import cache_dir, lock
from ivr.errors import UserError
from ivr.talk.audio import Audio, read
from ivr.talk.voice.pinyin import Foreign, Mark, Word, romanised, spell
from ivr.talk.voice.pinyin import read as read_chinese

_PACKAGES = ("espeak-ng", "espeak-ng-data", "libespeak-ng1", "libpcaudio0", "libsonic0")
_TIMEOUT_S = 60.0
_MANUAL = "install it by hand (`apt-get install espeak-ng`) and try again"


@dataclass(frozen=True, slots=True)
class Program:
    """An espeak-ng that can be run."""

    command: Path
    libraries: Path | None = None  # of a private copy
    data: Path | None = None

    def run(self, *arguments: str, text: str) -> str:
        """Standard output; `text` goes in by standard input, so none of it is an option."""
        environment = dict(os.environ)
        if self.libraries:
            environment["LD_LIBRARY_PATH"] = str(self.libraries)
        if self.data:
            environment["ESPEAK_DATA_PATH"] = str(self.data)
        try:
            done = subprocess.run(
                [str(self.command), "-b", "1", *arguments, "--stdin"],
                input=text,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                env=environment,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UserError(f"{self.command}: cannot be run ({error}); {_MANUAL}") from None
        if done.returncode:
            reason = done.stderr.strip() or f"exit code {done.returncode}"
            raise UserError(f"{self.command}: failed ({reason}); {_MANUAL}")
        return done.stdout


def find() -> Program | None:
    """The machine's own espeak-ng, or the private copy if one was made; never fetches."""
    if command := shutil.which("espeak-ng"):
        return Program(Path(command))
    root = cache_dir() / "espeak-ng"
    return _private(root) if (root / "complete").exists() else None


def find_or_fetch(progress: Callable[[str], None] = lambda _: None) -> Program:
    """As `find`, else a private copy from Debian's packages (5 MB, no root needed).

    Raises UserError when there is none and none can be fetched.
    """
    with lock("espeak-ng"):
        found = find()
        if found is None:
            progress("fetching espeak-ng")
            found = _fetch(cache_dir() / "espeak-ng")
    return found


def _fetch(root: Path) -> Program:
    shutil.rmtree(root, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=cache_dir()) as work:
        try:
            subprocess.run(
                ["apt-get", "-qq", "download", *_PACKAGES],
                cwd=work, check=True, capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            for package in Path(work).glob("*.deb"):
                subprocess.run(
                    ["dpkg-deb", "-x", str(package), str(root)],
                    check=True, capture_output=True, text=True, timeout=60,
                )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            shutil.rmtree(root, ignore_errors=True)
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()
            raise UserError(
                f"espeak-ng is not on this machine and cannot be fetched ({said[-1]}); {_MANUAL}"
            ) from None
    program = _private(root)
    program.run("--version", text="")
    (root / "complete").touch()
    return program


def _private(root: Path) -> Program:
    library = next(root.glob("usr/lib/*/libespeak-ng.so.1"), None)
    if library is None:
        raise UserError(f"{root}: the private copy of espeak-ng is broken; remove that folder")
    data = next((path.parent for path in root.glob("usr/**/espeak-ng-data")), None)
    return Program(root / "usr/bin/espeak-ng", library.parent, data)


@dataclass(frozen=True)
class EspeakVoice:
    """`language` is "zh-CN" or "en"; `pitch` tells two speakers apart (0–99)."""

    program: Program
    language: str
    name: str = "espeak"
    pitch: int = 50
    words_per_minute: int = 150

    @cached_property
    def version(self) -> str:
        said = self.program.run("--version", text="").split()
        number = next((word for word in said if word[0].isdigit()), "unknown")
        return f"espeak-ng-{number}-{self.language}-{self.pitch}-{self.words_per_minute}"

    def render(self, text: str) -> Audio:
        chinese = self.language.startswith("zh")
        spoken = as_pinyin(text) if chinese else romanised(text)
        if not any(one.isalnum() for one in spoken):
            raise UserError(f"{text!r}: nothing in it can be said; write words")
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "said.wav"
            self.program.run(
                *("-v", "cmn-latn-pinyin" if chinese else "en-gb"),
                *("-s", str(self.words_per_minute), "-p", str(self.pitch), "-w", str(wav)),
                text=spoken,
            )
            return read(wav)


def as_pinyin(text: str) -> str:
    """Normalised Chinese text as espeak-ng reads it: 您好，… → "nin2 hao3, …"."""
    said = []
    for token in read_chinese(text):
        match token:
            case Word(syllables):
                said.append(" ".join(syllables))
            case Foreign(word):
                said += [" ".join(letter.syllables) for letter in spell(word)]
            case Mark(mark):
                said.append(_MARKS.get(mark, ","))
    return " ".join(said)


_MARKS = {"。": ".", "？": "?", "！": "!", "；": ";", "：": ":"}
