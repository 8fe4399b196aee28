"""A shop over https is visited through the proxy, which sees its name and its bytes and nothing else."""

from pathlib import Path

from agents.browsing.browser import Browser
from agents.browsing.fence import Fence
from tests.agents.fence.places import NAME
from tests.merchants.test_tls import shop


def test_a_shop_over_tls_is_visited(trusting: Browser, file: Path) -> None:
    """By its own name, to its own certificate; the journal counts the bytes."""
    names: list[str | None] = []
    with shop(file, names) as port:
        pair = f"{NAME}:{port}"
        with trusting.visit(Fence(f"https://{pair}/", allowed_private=[pair])) as visit:
            visit.open(f"https://{pair}/mug")
            assert pair == visit.page.inner_text("body")
            assert visit.fence.is_merchant(visit.page.url)
            reached = visit.egress.journal[pair]
    assert {NAME} == set(names)
    assert reached.allowed
    assert reached.sent_bytes > 0
    assert reached.received_bytes > 0
