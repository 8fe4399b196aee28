"""This machine: whose the import names are, folders that can be written, and room on their disks."""

import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

from checkout.doctor.findings import Finding
from checkout.packaging import PACKAGES, shadowed
from checkout.settings import Settings

OUR_DISTRIBUTION = "agentic-checkout"
# A day of a busy service, and what SQLite needs to tidy up.
LEAST_FREE_BYTES = 500 * 1024 * 1024
MEGABYTE = 1024 * 1024


def names(_: Settings) -> Iterator[Finding]:
    """Whether our import names, which are common words, are ours, and whether anybody else here claims them."""
    if culprit := shadowed():
        yield Finding(name="imports", found="another distribution is in the way", mend=culprit)
        return
    owners = packages_distributions()
    claims = [
        f"{owner} ({distribution(owner).locate_file(name)})"
        for name in PACKAGES
        for owner in sorted(set(owners.get(name, ())))
        if owner != OUR_DISTRIBUTION
    ]
    yield Finding(
        name="imports",
        found=f"{', '.join(PACKAGES)} are ours" + (f", and claimed by {'; '.join(claims)}" if claims else ""),
        mend="Run agentic-checkout in an environment of its own: the next installation may turn the order round."
        if claims
        else "",
    )


def folders(settings: Settings) -> Iterator[Finding]:
    """Whether what is to be written can be."""
    for folder in _written(settings):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as refused:
            yield Finding(
                name="folder",
                found=f"{folder} cannot be written: {refused.strerror}",
                mend=f"Make it writable for this user: chown it, or choose another folder than {Path.cwd() / folder}.",
            )
        else:
            yield Finding(name="folder", found=f"{folder} can be written")


def disk(settings: Settings) -> Iterator[Finding]:
    """Whether there is room: on a full disk nothing is acknowledged, and nothing goes on."""
    for folder in _written(settings):
        there = next(one for one in (folder, *folder.absolute().parents) if one.is_dir())
        free = shutil.disk_usage(there).free
        full = free < LEAST_FREE_BYTES
        yield Finding(
            name="disk",
            found=f"{_size(free)} free for {folder}",
            mend=f"Make room: below {_size(LEAST_FREE_BYTES)} a busy day may fill it, and then every purchase waits."
            if full
            else "",
        )


def _written(settings: Settings) -> list[Path]:
    path = settings.database_path
    evidence = settings.agents_enabled and (settings.agent_embedded or settings.agent_key is not None)
    return [*([path.parent] if path else []), *([settings.evidence_folder] if evidence else [])]


def _size(count: int) -> str:
    megabytes = count // MEGABYTE
    return f"{megabytes / 1024:.1f} GB" if megabytes >= 1024 else f"{megabytes} MB"  # noqa: PLR2004 (of a GB)
