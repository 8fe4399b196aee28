"""What a look finds. Knows no thing that is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `mend` says what to do when it is not well, and is empty when it is."""

    name: str
    found: str
    mend: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing needs to be done."""
        return not self.mend

    def as_data(self) -> Mapping[str, str | bool]:
        """The same for a program."""
        return {"name": self.name, "found": self.found, "well": self.well, "mend": self.mend}


def masked(url: str) -> str:
    """An address without its password and without options, which may hold one; hidden when it cannot be read."""
    try:
        parts = urlsplit(url)
        secret = parts.password
    except ValueError:
        return url.partition(":")[0] + "://…"
    host = parts.netloc.rpartition("@")[2]
    user = parts.username or ""
    who = f"{user}:***@" if secret else f"{user}@" if user else ""
    return f"{parts.scheme}://{who}{host}{parts.path}"
