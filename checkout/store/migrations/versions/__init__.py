"""One module a revision; its number is in its name."""
