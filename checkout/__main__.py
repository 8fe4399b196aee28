"""`python -m checkout`: the command, without its script."""

from checkout.cli import main

main()
