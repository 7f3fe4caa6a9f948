"""Paths, buckets and answers of web servers: what may not be read, what is not there, and what does not end."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.intake import pages
from tests.safety.world import Row, World

SHA = "0123456789abcdef" * 4
URIS = [
    "file:///etc/passwd",
    "file://{in}/../../../../etc/passwd",
    "file://{in}/%2e%2e/secret.png",
    "file:///proc/self/environ",
    "file:///dev/zero",
    "file://evil.example/etc/passwd",
    "FILE:/etc/passwd",
    "file:/etc/passwd",
    "file://{in}-beside/a.png",
    "file://{in}/a%00.png",
    "file://{in}/a\x00.png",
    "s3://somebody-elses/a.png",
    "s3://catalogue@evil/a.png",
    "s3://catalogue/../somebody-elses/a.png",
    "s3://half/shut/a.png",
    "s3://half/opened/a.png",
    "s3://catalogue/a\tb",
    "s3://catalogue/" + "k" * 1025,
    "s3://catalogue:443/a.png",
    "s3://CATALOGUE/a.png",
    "upload://short",
    f"upload://{SHA}/../x",
    f"upload://{SHA.upper()}",
]


def _fetch(uri: str) -> Callable[[World], object]:
    return lambda world: world.fetcher.fetch(uri.replace("{in}", str(world.folder / "in")), caller="ann")


def _odd(make: Callable[[Path], object]) -> Callable[[World], object]:
    """Something odd below the root that may be read."""

    def act(world: World) -> object:
        path = world.folder / "in" / "odd.png"
        make(path)
        try:
            return world.fetcher.fetch(f"file://{path}", caller="ann")
        finally:
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()

    return act


def _answered(answer: pages.Answer, path: str = "/a.png") -> Callable[[World], object]:
    """What the site that may be fetched from answers."""

    def act(world: World) -> object:
        world.site.pages[path] = answer
        return world.insider.fetch(f"http://site.example:{world.site.port}{path}", caller="ann")

    return act


def _hops(world: World) -> object:
    for step in range(5):
        world.site.pages[f"/{step}"] = pages.status(302, location=f"/{step + 1}")
    return world.insider.fetch(world.site.url("/0"), caller="ann")


REDIRECTS = [
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/",
    "http://mapped.example/",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "file:///etc/passwd",
    "s3://catalogue/a.png",
    "http://user:password@site.example/",
    "http://exa\tmple.org/",
    "//0/x",
    "data:image/png;base64,aGk=",
    "",
]
ANSWERS: dict[str, tuple[str, pages.Answer]] = {
    "nothing": ("image_not_found", pages.body(b"")),
    "204": ("forbidden_uri", pages.status(204)),
    "401": ("forbidden_uri", pages.status(401)),
    "403": ("forbidden_uri", pages.status(403)),
    "404": ("image_not_found", pages.status(404)),
    "410": ("image_not_found", pages.status(410)),
    "418": ("forbidden_uri", pages.status(418)),
    "429": ("unreachable", pages.status(429)),
    "500": ("unreachable", pages.status(500)),
    "503": ("unreachable", pages.status(503)),
    "half of what it promised": ("unreachable", pages.broken_off(b"half")),
    "more than the bound": ("too_large", pages.body(b"x" * 100_001)),
    "no end": ("too_large", pages.endless(b"x" * 65_536)),
    "a gzip bomb": ("too_large", pages.zipped(bytes(50 << 20))),
    "no gzip where one is said": ("unreachable", pages.body(b"no", Content_Encoding="gzip")),
    "an encoding of its own": ("forbidden_uri", pages.body(b"x", Content_Encoding="evil")),
    "a few bytes a second": ("unreachable", pages.trickling),
}
ROWS = [
    *(Row(f"place: {uri[:60]!a}", "forbidden_uri", _fetch(uri)) for uri in URIS),
    Row("place: an upload of somebody else's", "image_not_found", _fetch(f"upload://{SHA}")),
    Row("place: a file that is not there", "image_not_found", _fetch("file://{in}/nothing.png")),
    Row("place: a link out", "forbidden_uri", _odd(lambda path: path.symlink_to("/etc/passwd"))),
    Row("place: a pipe", "forbidden_uri", _odd(os.mkfifo)),
    Row("place: a folder", "forbidden_uri", _odd(Path.mkdir)),
    Row("place: a file above the bound", "too_large", _odd(lambda path: path.write_bytes(bytes(100_001)))),
    *(Row(f"redirect: to {to!a}", "forbidden_uri", _answered(pages.status(302, location=to))) for to in REDIRECTS),
    Row("redirect: four times", "forbidden_uri", _hops),
    *(Row(f"answer: {name}", code, _answered(answer)) for name, (code, answer) in ANSWERS.items()),
]
