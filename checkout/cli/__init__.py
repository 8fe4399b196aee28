"""The command `checkout`, before anything of it is imported: a shadowed import name and a wrong setting in a sentence.

Imports nothing of weight at the top: with another distribution's `payments` in front of ours, every other module
of this project breaks at its first line.
"""

import sys

from checkout import health, packaging


def main() -> None:
    """Run the command."""
    if sys.argv[1:2] == ["health"]:  # asked every few seconds by a container's engine: it must cost nothing
        sys.exit(health.main(sys.argv[2:]))
    culprit = packaging.shadowed()
    if culprit:
        print(culprit, file=sys.stderr)  # noqa: T201 (what draws in colour is not imported yet)
        sys.exit(1)
    from checkout.cli import app  # noqa: PLC0415 (only now are the names known to be ours)

    app.run()
