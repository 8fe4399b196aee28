"""A shop over https is visited through the proxy, which sees its name and its bytes and nothing else."""

import base64
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agents.browsing import browser as browsers
from agents.browsing.browser import Browser
from agents.browsing.fence import Fence
from agents.errors import PageTroubleError
from tests.merchants.test_tls import certificate, shop

NAME = "shop.localhost"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's certificate, which vouches for itself."""
    return certificate(NAME, tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusting(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A browser that believes this one certificate."""
    key = x509.load_pem_x509_certificate(file.read_bytes()).public_key()
    pin = base64.b64encode(sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()).decode()
    monkeypatch.setattr(browsers, "FLAGS", (*browsers.FLAGS, f"--ignore-certificate-errors-spki-list={pin}"))
    with Browser.opened() as opened:
        yield opened


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


def test_a_certificate_nobody_vouches_for_is_page_trouble(file: Path) -> None:
    """The visit does not go on to a server that cannot prove its name."""
    with shop(file, []) as port, Browser.opened() as opened:
        pair = f"{NAME}:{port}"
        fence = Fence(f"https://{pair}/", allowed_private=[pair])
        with opened.visit(fence) as visit, pytest.raises(PageTroubleError, match="ERR_CERT_AUTHORITY_INVALID"):
            visit.open(f"https://{pair}/")
