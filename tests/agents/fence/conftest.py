"""One warm browser for a module's tests, and places to send it to."""

import base64
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agents.browsing import browser as browsers
from agents.browsing.browser import Browser, Visit
from agents.browsing.fence import Fence
from tests.agents.fence.places import NAME, Place
from tests.merchants.test_tls import certificate


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that is started once a module."""
    with Browser.opened() as opened:
        yield opened


@pytest.fixture(scope="module")
def shop() -> Iterator[Place]:
    """The merchant's own server."""
    with Place(host=NAME).listening() as place:
        yield place


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Place]:
    """A server of somebody else on this machine, which no fence lets through."""
    with Place().listening() as place:
        yield place


@pytest.fixture
def fence(shop: Place) -> Fence:
    """Around the shop."""
    return Fence(shop.url, allowed_private=[shop.pair])


@pytest.fixture
def visit(browser: Browser, fence: Fence) -> Iterator[Visit]:
    """A fresh visit."""
    with browser.visit(fence) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's certificate, which vouches for itself."""
    return certificate(NAME, tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def trusting(file: Path) -> Iterator[Browser]:
    """A browser that believes this one certificate."""
    key = x509.load_pem_x509_certificate(file.read_bytes()).public_key()
    pin = base64.b64encode(sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()).decode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(browsers, "FLAGS", (*browsers.FLAGS, f"--ignore-certificate-errors-spki-list={pin}"))
        with Browser.opened() as opened:
            yield opened
