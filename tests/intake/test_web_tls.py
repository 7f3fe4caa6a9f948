"""The guarded fetch over TLS: the address is pinned, and the name is still the one that the certificate must bear."""

import datetime as dt
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from jobs.errors import ForbiddenUri, Unreachable
from jobs.uris import WebUri, parse
from tests.intake import pages
from tests.intake.pages import Site
from worker.intake.web import Web, WebRules

HERE = WebRules(private=True, connect_seconds=2, total_seconds=5)


def _get(web: Web, url: str) -> bytes:
    at = parse(url)
    assert isinstance(at, WebUri)
    return web.get(at, limit=1000)


@pytest.fixture
def site() -> Iterator[Site]:
    with pages.serving() as running:
        yield running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for pictures.example alone, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pictures.example")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pictures.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "pictures.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure_site(certificate: Path) -> Iterator[Site]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with pages.serving(context) as running:
        yield running


def _trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def test_tls_checks_the_name_although_the_address_is_pinned(secure_site: Site, certificate: Path) -> None:
    secure_site.pages["/a.png"] = pages.body(b"picture")
    web = Web(HERE, resolver=lambda _, __: ["127.0.0.1"], ssl_context=_trusting(certificate))

    found = _get(web, f"https://pictures.example:{secure_site.port}/a.png")

    assert found == b"picture"
    with pytest.raises(Unreachable):
        _get(web, f"https://other.example:{secure_site.port}/a.png")
    with pytest.raises(Unreachable):
        _get(Web(HERE, resolver=lambda _, __: ["127.0.0.1"]), f"https://pictures.example:{secure_site.port}/a.png")
    assert [host for _, host in secure_site.seen] == [f"pictures.example:{secure_site.port}"]


def test_a_redirect_from_https_to_http_is_refused(secure_site: Site, site: Site, certificate: Path) -> None:
    secure_site.pages["/go"] = pages.status(302, location=site.url("/a.png"))
    web = Web(HERE, resolver=lambda _, __: ["127.0.0.1"], ssl_context=_trusting(certificate))

    with pytest.raises(ForbiddenUri, match="redirects to"):
        _get(web, f"https://pictures.example:{secure_site.port}/go")

    assert site.connections == 0
