"""What every voice is."""

from typing import Protocol

from ivr.talk.audio import Audio


class Voice(Protocol):
    """Says normalised text. Slow and blocking: only `ivr.talk.voice.studio` calls it.

    `name` chooses it ("zm_yunxi", "espeak"); `version` changes whenever the same
    text would sound different, so that what was kept before is made again.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def render(self, text: str) -> Audio:
        """`text`, normalised, at the voice's own rate. Raises UserError if it cannot be said."""
        ...
