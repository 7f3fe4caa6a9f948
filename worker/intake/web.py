"""Fetches an init image over HTTP without letting its author choose what else this machine talks to.

The guard sits where the connection is made, not before it: `PinnedNetwork` resolves a host once, refuses unless *all*
answers are allowed, connects to one of those very addresses, and asks the connection who its peer is, so a name that
answers differently the second time gains nothing. TLS still checks the name (SNI and certificate), and the Host header
still says it. Redirects are followed by hand, at most three, each through the same guard, never from https to http.
Nothing is read from the environment, no credentials are sent, and one deadline covers everything, so a server that
drips bytes ends like one that says nothing; a body that comes more slowly than by modem ends sooner. A body is counted
decoded, as it comes.
"""

import contextlib
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urljoin

import httpcore
import httpx

from jobs import __version__
from jobs.address import may_be_fetched_from
from jobs.errors import ForbiddenUri, ImageNotFound, PentimentoError, TooLarge, Unreachable
from jobs.uris import WebUri, parse, shown

MAX_REDIRECTS = 3
CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 30.0
DECODED_BLOCK_BYTES = 1 << 16
MIN_BYTES_PER_SECOND = 4096
GRACE_SECONDS = 5.0
"""After so long a body's mean rate counts."""

Resolve = Callable[[str, int], Sequence[str]]
Allow = Callable[[WebUri], None]
"""Raises ForbiddenUri for what this caller may not have fetched."""


def resolve(host: str, port: int) -> Sequence[str]:
    """Numeric addresses of `host`, as the system's resolver orders them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class WebRules:
    """What may be fetched. `private` allows loopback and private networks, and any port; else only `ports`."""

    private: bool = False
    ports: Sequence[int] = (80, 443, 8080, 8443)
    connect_seconds: float = CONNECT_SECONDS
    total_seconds: float = TOTAL_SECONDS
    grace_seconds: float = GRACE_SECONDS


class PinnedNetwork(httpcore.NetworkBackend):
    """Connects only to addresses that the rules allow, and never later than the deadline."""

    def __init__(self, rules: WebRules, resolver: Resolve, deadline: float, clock: Callable[[], float]) -> None:
        self._rules, self._resolve, self._deadline, self._clock = rules, resolver, deadline, clock
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the rules' own bounds hold
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check every answer, and connect to the first that takes the connection."""
        failed: Exception = Unreachable(f"host {host!r} has no address", remedy="Check the name.")
        for address in self._allowed(host, port):
            seconds = min(self._rules.connect_seconds, _left(self._deadline, self._clock))
            try:
                stream = self._network.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                self._check_peer(stream, host)
                return _DeadlineStream(stream, self._deadline, self._clock)
        raise failed

    def _check_peer(self, stream: httpcore.NetworkStream, host: str) -> None:
        """Whoever answers (a redirected route, a NAT of this machine) must be somebody whom we may talk to."""
        peer = stream.get_extra_info("server_addr")
        if peer is None or not may_be_fetched_from(str(peer[0]), private=self._rules.private):
            stream.close()
            raise ForbiddenUri(f"host {host!r} was answered for by an address that is not public")

    def _allowed(self, host: str, port: int) -> Sequence[str]:
        if not self._rules.private and port not in self._rules.ports:
            remedy = f"Use one of {', '.join(str(p) for p in self._rules.ports)}, or PENTIMENTO_FETCH_PORTS."
            raise ForbiddenUri(f"port {port} of {host!r} is not fetched from", remedy=remedy)
        try:
            addresses = self._resolve(host, port)
        except OSError as error:
            raise Unreachable(f"host {host!r} could not be resolved", remedy="Check the name.") from error
        for address in addresses:
            if not may_be_fetched_from(address, private=self._rules.private):
                remedy = "Upload the picture, or set PENTIMENTO_FETCH_PRIVATE on a machine of your own."
                raise ForbiddenUri(f"host {host!r} has an address that is not public", remedy=remedy)
        return addresses


class _DeadlineStream(httpcore.NetworkStream):
    """A connection on which every wait ends at the same moment, however many there are."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float, clock: Callable[[], float]) -> None:
        self._inner, self._deadline, self._clock = inner, deadline, clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline holds
        return self._inner.read(max_bytes, _left(self._deadline, self._clock))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline holds
        self._inner.write(buffer, _left(self._deadline, self._clock))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline holds
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, _left(self._deadline, self._clock))
        return _DeadlineStream(inner, self._deadline, self._clock)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's own signature
        return self._inner.get_extra_info(info)


class Web:
    """Guarded GETs. Shared by threads: every fetch has its own connection."""

    def __init__(
        self,
        rules: WebRules,
        *,
        resolver: Resolve = resolve,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules, self._resolve, self._clock = rules, resolver, clock
        self._ssl = ssl_context or httpx.create_ssl_context(trust_env=False)

    def get(self, uri: WebUri, *, limit: int, allow: Allow = lambda _: None) -> bytes:
        """The body at `uri`, decoded, at most `limit` bytes. allow: asked about `uri` and about each redirect.

        Raises:
            ForbiddenUri: an address, port or redirect that is not allowed, or the server wants credentials.
            ImageNotFound: 404 or 410, or an empty body.
            TooLarge: more than `limit` bytes.
            Unreachable: no or no sensible answer in time.

        """
        deadline = self._clock() + self._rules.total_seconds
        network = PinnedNetwork(self._rules, self._resolve, deadline, self._clock)
        with httpcore.ConnectionPool(ssl_context=self._ssl, network_backend=network, max_connections=1) as pool:
            at = uri
            for _ in range(MAX_REDIRECTS + 1):
                allow(at)
                with _translated(at), pool.stream("GET", str(at), headers=_headers(at)) as answer:
                    to = _redirect(at, answer)
                    if to is None:
                        _check_status(at, answer.status)
                        return self._body(at, answer, limit)
                at = to
        raise ForbiddenUri(
            f"'{shown(str(uri))}' redirects more than {MAX_REDIRECTS} times", remedy="Use the last address."
        )

    def _body(self, at: WebUri, answer: "_Answer", limit: int) -> bytes:
        blocks, size, began = list[bytes](), 0, self._clock()
        for block in _decoded(at, answer):
            size += len(block)
            if size > limit:
                raise TooLarge(f"'{shown(str(at))}' holds more than {limit} bytes", remedy="Use a smaller picture.")
            took = self._clock() - began
            if took > self._rules.grace_seconds and size < took * MIN_BYTES_PER_SECOND:
                said = f"'{shown(str(at))}' sends fewer than {MIN_BYTES_PER_SECOND} bytes a second"
                raise Unreachable(said, remedy="It is tried again by itself.")
            blocks.append(block)
        if not size:
            raise ImageNotFound(f"'{shown(str(at))}' answered with nothing", remedy="Check the address.")
        return b"".join(blocks)

    def post(self, uri: WebUri, data: bytes, headers: Sequence[tuple[str, str]]) -> int:
        """POST `data`, following no redirect; the status of the answer, whose body is not read.

        Raises:
            ForbiddenUri: an address or port that is not allowed.
            Unreachable: no answer in time.

        """
        deadline = self._clock() + self._rules.total_seconds
        network = PinnedNetwork(self._rules, self._resolve, deadline, self._clock)
        plain = [(name, said) for name, said in _headers(uri) if not name.startswith("Accept")]
        asked = [*plain, ("Content-Length", str(len(data))), *headers]
        with (
            httpcore.ConnectionPool(ssl_context=self._ssl, network_backend=network, max_connections=1) as pool,
            _translated(uri),
            pool.stream("POST", str(uri), headers=asked, content=data) as answer,
        ):
            return int(answer.status)


class _Answer(Protocol):
    status: int
    headers: list[tuple[bytes, bytes]]

    def iter_stream(self) -> Iterator[bytes]: ...


def _headers(at: WebUri) -> list[tuple[str, str]]:
    return [
        ("Host", at.authority),
        ("User-Agent", f"pentimento/{__version__}"),
        ("Accept", "image/png, image/jpeg, image/webp"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]


def _header(answer: _Answer, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in answer.headers if key.lower() == name), "")


def _redirect(at: WebUri, answer: _Answer) -> WebUri | None:
    if answer.status not in {301, 302, 303, 307, 308}:
        return None
    location = _header(answer, b"location")
    if not location.isascii() or not location.isprintable() or " " in location:  # urljoin would drop tabs unseen
        raise ForbiddenUri(f"'{shown(str(at))}' redirects to what is no address", remedy="Use the last address.")
    to = parse(urljoin(str(at), location))
    if not isinstance(to, WebUri) or (at.scheme == "https" and to.scheme == "http"):
        raise ForbiddenUri(f"'{shown(str(at))}' redirects to '{shown(str(to))}'", remedy="Use an address without it.")
    return to


def _check_status(at: WebUri, status: int) -> None:
    where = shown(str(at))
    if status in {404, 410}:
        raise ImageNotFound(f"'{where}' answered {status}", remedy="Check the address.")
    if status in {401, 403, 407, 451}:
        raise ForbiddenUri(f"'{where}' answered {status}", remedy="Make it public, use a signed address, or upload it.")
    if status in {408, 425, 429} or status >= 500:
        raise Unreachable(f"'{where}' answered {status}", remedy="It is tried again by itself.")
    if status != 200:
        raise ForbiddenUri(f"'{where}' answered {status} instead of a picture", remedy="Check the address.")


def _decoded(at: WebUri, answer: _Answer) -> Iterator[bytes]:
    """Undo gzip, which some servers send unasked, in steps too small for a bomb to matter."""
    encoding = _header(answer, b"content-encoding").strip().lower()
    if encoding in {"", "identity"}:
        yield from answer.iter_stream()
        return
    if encoding not in {"gzip", "x-gzip"}:
        raise ForbiddenUri(f"'{shown(str(at))}' is encoded as {encoding[:40]!r}", remedy="Serve the picture as it is.")
    inflater = zlib.decompressobj(wbits=31)
    for block in answer.iter_stream():
        rest = block
        while rest and not inflater.eof:
            yield inflater.decompress(rest, DECODED_BLOCK_BYTES)
            rest = inflater.unconsumed_tail
    if not inflater.eof:
        raise Unreachable(f"'{shown(str(at))}' broke off within its gzip", remedy="It is tried again by itself.")


def _left(deadline: float, clock: Callable[[], float]) -> float:
    left = deadline - clock()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left


@contextlib.contextmanager
def _translated(at: WebUri) -> Iterator[None]:
    where = shown(str(at))
    try:
        yield
    except PentimentoError:
        raise
    except httpcore.TimeoutException as error:
        raise Unreachable(f"'{where}' did not answer in time", remedy="It is tried again by itself.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError, zlib.error) as error:
        said = f"'{where}' could not be read ({type(error).__name__})"
        raise Unreachable(said, remedy="It is tried again by itself.") from error
