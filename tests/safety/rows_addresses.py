"""Addresses that strangers name for init images: refused at the door where they can be read, and by the worker."""

from collections.abc import Callable

from tests.safety.world import NAMES, Row, World

# By spelling, port or literal address: whoever reads them knows. {port} is the canary's.
PLAIN = [
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://a.localhost:{port}/",
    "http://127.0.0.1:{port}/",
    "http://127.255.255.254:{port}/",
    "http://2130706433:{port}/",
    "http://017700000001:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://[::]:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::a9fe:a9fe]:{port}/",
    "http://[::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[fd00:ec2::254]:{port}/",
    "http://[fe80::1]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://[ff02::1]:{port}/",
    "http://10.1.2.3:{port}/",
    "http://172.16.0.1:{port}/",
    "http://192.168.1.1:{port}/",
    "http://169.254.43518:{port}/",
    "http://169.254.169.254:{port}/latest/meta-data/",
    "http://100.100.100.200:{port}/",
    "http://168.63.129.16:{port}/",
    "http://224.0.0.1:{port}/",
    "http://255.255.255.255:{port}/",
    "http://198.18.0.1:{port}/",
    "http://example.com@127.0.0.1:{port}/",
    "http://user:password@example.com:{port}/",
    "http://example.com\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.com/",
    "http://127.0.0.1:{port}?@example.com/",
    "http://example.com:22/",
    "http://example.com:6379/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://example.com:80:80/",
    "http://example.com:+80/",
    "http://exa mple.com/",
    "http://exa\tmple.com/",
    "http://example.com/\r\nHost: evil",
    "http:///etc/passwd",
    "http://",
    "http://%31%32%37.0.0.1:{port}/",
    "http://" + "a" * 8192 + "/",
    "https://example.com/" + "a" * 65_536,
    "gopher://127.0.0.1:{port}/_FLUSHALL",
    "ftp://127.0.0.1:{port}/a.png",
    "dict://127.0.0.1:{port}/",
    "jar:http://127.0.0.1:{port}/!/",
    "data:image/png;base64,iVBORw0KGgo=",
    "javascript:alert(1)",
    "HTTP://127.0.0.1:{port}/",
]

ROWS = [
    *(
        Row(f"door: {url[:60]!a} {k}", "invalid_spec", lambda world, url=url: world.submit(images=[_at(world, url)]))  # type: ignore[misc]
        for k, url in enumerate(PLAIN)
    ),
    *(
        Row(f"worker: {url[:60]!a} {k}", "forbidden_uri", lambda world, url=url: _fetch(world, url))  # type: ignore[misc]
        for k, url in enumerate(PLAIN)
    ),
    *(
        Row(
            f"worker: the name {name}",
            "unreachable" if name == "nowhere.example" else "forbidden_uri",
            lambda world, name=name: _fetch(world, f"http://{name}:{{port}}/a.png"),  # type: ignore[misc]
        )
        for name in NAMES
    ),
]


def _at(world: World, url: str) -> str:
    return url.replace("{port}", str(world.canary.port))


def _fetch(world: World, url: str) -> bytes:
    return world.fetcher.fetch(_at(world, url), caller="ann")


def _mask(url: str) -> Callable[[World], object]:
    return lambda world: world.submit(mask=_at(world, url))


ROWS += [
    Row("door: a mask at this machine", "invalid_spec", _mask("http://127.0.0.1:{port}/m.png")),
    Row("door: masks as an axis, one of them at this machine", "invalid_spec",
        lambda world: world.submit(mask=["https://example.org/m.png", _at(world, "http://[::1]:{port}/m.png")])),
    Row("door: a table at this machine", "invalid_spec",
        lambda world: world.submit(images=[{"table": _at(world, "http://localhost:{port}/t.csv")}])),
]  # fmt: skip
