"""Whether the four import names are ours. They are common words, and another distribution may own one of them."""

import importlib.util
from pathlib import Path

PACKAGES = ("checkout", "agents", "merchants", "payments")


def shadowed() -> str | None:
    """The sentence that names the culprit, or None. Each package must lie beside this one."""
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        found = importlib.util.find_spec(name)
        origin = Path(found.origin).resolve() if found and found.origin else None
        if origin != home / name / "__init__.py":
            return (
                f"`import {name}` finds {origin or 'nothing'} instead of {home / name}: another distribution owns that "
                "name here. Run agentic-checkout in an environment of its own (`make serve` makes one)."
            )
    return None
