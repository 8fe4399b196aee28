"""Pages of lists, newest first, and expansion: a name replaced by the object it names, where the caller asks for it."""

from collections.abc import Sequence

from payments.sandbox import objects
from payments.sandbox.errors import ParameterError, not_found
from payments.sandbox.objects import Json
from payments.sandbox.params import List, Range
from payments.sandbox.world import Record, World

# Stripe's limit on how deep an expansion reaches.
MAX_EXPAND_DEPTH = 4
# Every property that holds the name of another object, and the list's own.
EXPANDABLE = frozenset(
    {"balance_transaction", "charge", "data", "failure_balance_transaction", "latest_charge"}
    | {"payment_intent", "payment_method", "source"}
)


def page(records: Sequence[Record], given: List, url: str) -> Json:
    """One page of `records` (given oldest first), cut by cursor and by creation time."""
    newest_first = [record for record in reversed(records) if _within(objects.seconds(record.created), given.created)]
    backwards = given.ending_before is not None
    if given.starting_after is not None:
        newest_first = newest_first[_position(newest_first, given.starting_after, "starting_after") + 1 :]
    elif given.ending_before is not None:
        newest_first = newest_first[: _position(newest_first, given.ending_before, "ending_before")]
    shown = newest_first[-given.limit :] if backwards else newest_first[: given.limit]
    return {
        "object": "list",
        "url": url,
        "has_more": len(shown) < len(newest_first),
        "data": [record.json() for record in shown],
    }


def check(paths: Sequence[str]) -> None:
    """Refuse an expansion before anything is executed."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > MAX_EXPAND_DEPTH:
            raise ParameterError(
                f"You cannot expand more than {MAX_EXPAND_DEPTH} levels of a property. Property: {path}", param="expand"
            )
        if not EXPANDABLE.issuperset(steps):
            raise ParameterError(f"This property cannot be expanded ({path}).", param="expand")


def expand(world: World, shown: Json, paths: Sequence[str]) -> Json:
    """Replace the names at `paths` (`latest_charge`, `data.latest_charge.balance_transaction`) by their objects."""
    for path in paths:
        _expand(world, shown, path.split("."))
    return shown


def _expand(world: World, node: Json, steps: Sequence[str]) -> None:
    step, *rest = steps
    if isinstance(node.get(step), str):
        node[step] = world.records[node[step]].json()
    inner = node.get(step)
    for one in inner if isinstance(inner, list) else [inner]:
        if rest and isinstance(one, dict):
            _expand(world, one, rest)


def _position(records: Sequence[Record], cursor: str, param: str) -> int:
    for position, record in enumerate(records):
        if record.id == cursor:
            return position
    raise not_found("object", cursor, param, status=400)


def _within(created: int | None, bounds: Range | int | None) -> bool:
    if bounds is None or created is None:
        return True
    if isinstance(bounds, int):
        return created == bounds
    return (
        (bounds.gt is None or created > bounds.gt)
        and (bounds.gte is None or created >= bounds.gte)
        and (bounds.lt is None or created < bounds.lt)
        and (bounds.lte is None or created <= bounds.lte)
    )
