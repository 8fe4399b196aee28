"""Durations as people read them."""


def span(seconds: float) -> str:
    """A duration people read at a glance: 12 ms, 3.4 s, 7 min, 5.2 h, 4.8 d."""
    for unit, size_seconds, count, digits in (
        ("ms", 0.001, 1000, 0),
        ("s", 1, 60, 1),
        ("min", 60, 60, 0),
        ("h", 3600, 24, 1),
    ):
        value = round(seconds / size_seconds, digits)
        if value < count:  # rounded first, so that 59.96 s are a minute and not 60.0 s
            return f"{value:.{digits}f} {unit}"
    return f"{seconds / 86_400:.1f} d"
