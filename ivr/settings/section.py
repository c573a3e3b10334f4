"""What a section of the settings is made of: fields that are written in a known way."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Extension = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_*#+]{1,32}$")]
"""What is dialled to reach a phone; the allow-list that keeps dialplan text out."""

Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9*#]{1,24}$")]

Device = Annotated[str, StringConstraints(pattern=r"^(PJSIP|SIP|IAX2|DAHDI|Local)/[\w.@+-]{1,64}$")]
"""An Asterisk device as Dial() takes it: "PJSIP/101"."""

Pattern = Annotated[str, StringConstraints(pattern=r"^[0-9XZN\[\]\-.!]{1,40}$")]
"""A dialplan pattern without its underscore: "1[3-9]XXXXXXXXX"."""

HOURS = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$")


class Section(BaseModel):
    """A name that it does not know is a mistake; what was read stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
