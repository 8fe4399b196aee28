"""Over TLS, the pinned address changes nothing: the name is sent, and the certificate must be the name's."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from merchants.errors import NotSentError
from merchants.fetch import Fetcher
from merchants.wire import PinnedTransport


def certificate(name: str, folder: Path) -> Path:
    """A certificate for `name` that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = folder / f"{name}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


class Greeting(BaseHTTPRequestHandler):
    """Answers with the Host it was called by."""

    def do_GET(self) -> None:
        """The Host header."""
        body = (self.headers["Host"] or "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing."""


class Quiet(HTTPServer):
    """A server that does not print what a refused handshake looks like from its side."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing."""


@contextmanager
def shop(file: Path, names: list[str | None]) -> Iterator[int]:
    """An HTTPS server on loopback; notes the name each client asked for in TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with Quiet(("127.0.0.1", 0), Greeting) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def fetcher(file: Path, port: int) -> Fetcher:
    """One that believes this certificate, and is told that every name is this machine."""
    wire = PinnedTransport(tls=ssl.create_default_context(cafile=str(file)))
    allowed = [f"shop.example:{port}", f"other.example:{port}"]
    return Fetcher(allowed=allowed, wire=wire, resolve=lambda _host, _port: ("127.0.0.1",))


def test_the_name_travels_in_tls_and_in_http_though_the_address_is_pinned(tmp_path: Path) -> None:
    """A shop behind a shared address knows which shop was meant."""
    names: list[str | None] = []
    file = certificate("shop.example", tmp_path)
    with shop(file, names) as port:
        answer = fetcher(file, port).fetch("GET", f"https://shop.example:{port}/")
        assert f"shop.example:{port}" == answer.body.decode()
    assert ["shop.example"] == names


def test_a_certificate_of_another_name_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """Pinning an address does not loosen who must answer there."""
    file = certificate("shop.example", tmp_path)
    with shop(file, []) as port, pytest.raises(NotSentError):
        fetcher(file, port).fetch("GET", f"https://other.example:{port}/")
