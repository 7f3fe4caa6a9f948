"""Webhooks go through the same guard as fetches, and through nothing else."""

from jobs.uris import WebUri, parse
from tests.safety.world import Row, World, resolve
from worker.intake.web import Web, WebRules

PLACES = [
    "http://localhost:{port}/hook",
    "http://127.0.0.1:{port}/hook",
    "http://2130706433:{port}/hook",
    "http://[::1]:{port}/hook",
    "http://[::ffff:127.0.0.1]:{port}/hook",
    "http://169.254.169.254:{port}/hook",
    "http://user:password@example.com/hook",
    "http://example.com:6379/hook",
    "http://example.com:25/hook",
    "file:///etc/passwd",
    "s3://catalogue/hook",
    "gopher://127.0.0.1:{port}/_",
    "https://example.com/\r\nX: y",
    "https://example.com/" + "a" * 3000,
    "not a url",
    "",
]
NAMES = ["loopback.example", "mixed.example", "mapped.example", "metadata.google.internal"]


def _post(world: World, host: str) -> int:
    at = parse(f"http://{host}:{world.canary.port}/hook")
    assert isinstance(at, WebUri)
    return Web(WebRules(ports=world.settings.fetch_ports, total_seconds=4), resolver=resolve).post(at, b"{}", [])


ROWS = [
    *(
        Row(
            f"door: a webhook to {place[:50]!a}",
            "invalid_spec",
            lambda world, place=place: world.submit(webhook=place.replace("{port}", str(world.canary.port))),  # type: ignore[misc]
        )
        for place in PLACES
    ),
    *(
        Row(f"worker: a webhook to the name {name}", "forbidden_uri", lambda world, name=name: _post(world, name))  # type: ignore[misc]
        for name in NAMES
    ),
    Row("door: a webhook that is a list", "invalid_spec", lambda world: world.submit(webhook=["https://a.example/"])),
    Row("door: a webhook that is a number", "invalid_spec", lambda world: world.submit(webhook=7)),
]
