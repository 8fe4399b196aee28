"""`python -m checkout.api.openapi [PATH]`: write the OpenAPI document, whose snapshot is docs/openapi.json."""

import json
import sys
from pathlib import Path

from checkout.api.app import routes

SNAPSHOT = Path("docs/openapi.json")


def text() -> str:
    """The document as it is kept: indented and in a stable order, so that a change reads as one."""
    return json.dumps(routes().openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else SNAPSHOT
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text())
