"""Job specs that strangers write, as bytes over HTTP."""

import httpx

from tests.safety.world import Row, World

YAML = "application/yaml"
GOOD = '"images": ["https://example.org/a.png"], "model": "tiny", "prompt": "a"'


def _send(world: World, body: bytes | str, kind: str = "application/json", **headers: str) -> httpx.Response:
    said = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return world.http.post("/v1/jobs", content=body, headers=said)


BODIES: dict[str, tuple[bytes | str, str, str]] = {
    "nothing": (b"", "application/json", "invalid_spec"),
    "no object": (b"[]", "application/json", "invalid_spec"),
    "null": (b"null", "application/json", "invalid_spec"),
    "half a document": (b'{"images": [', "application/json", "invalid_spec"),
    "two documents": (f"{{{GOOD}}}{{{GOOD}}}", "application/json", "invalid_spec"),
    "bytes that are no UTF-8": (b'{"name": "\xff\xfe"}', "application/json", "invalid_spec"),
    "a lone surrogate": (f'{{{GOOD}, "name": "\\ud800"}}', "application/json", "invalid_spec"),
    "a NUL in a name": (f'{{{GOOD}, "name": "a\\u0000"}}', "application/json", "invalid_spec"),
    "a depth of 10,000": (b"[" * 10_000 + b"]" * 10_000, "application/json", "invalid_spec"),
    "objects to a depth of 10,000": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "application/json", "invalid_spec"),
    "NaN": (f'{{{GOOD}, "strength": NaN}}', "application/json", "invalid_spec"),
    "Infinity": (f'{{{GOOD}, "cfg_scale": Infinity}}', "application/json", "invalid_spec"),
    "1e999": (f'{{{GOOD}, "cfg_scale": 1e999}}', "application/json", "invalid_spec"),
    "an integer of 5,000 digits": (f'{{{GOOD}, "steps": {"9" * 5000}}}', "application/json", "invalid_spec"),
    "a key twice": (f'{{{GOOD}, "steps": 1, "steps": 2}}', "application/json", "invalid_spec"),
    "an unknown key": (f'{{{GOOD}, "__proto__": {{}}}}', "application/json", "invalid_spec"),
    "a body above the bound": (b'{"name": "' + b"x" * 200_001 + b'"}', "application/json", "too_large"),
    "a YAML tag that makes objects": (b"!!python/object/apply:os.system ['id']", YAML, "invalid_spec"),
    "a YAML tag inside": (b"name: !!python/name:os.system\nprompt: a\n", YAML, "invalid_spec"),
    "a YAML bomb of aliases": (
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        YAML,
        "invalid_spec",
    ),
    "a YAML that refers to itself": (b"a: &a [*a]\n", YAML, "invalid_spec"),
    "a YAML to a depth of 5,000": (b"[" * 5000, YAML, "invalid_spec"),
    "a YAML merge key": (b"<<: {name: x}\nimages: [a.png]\n", YAML, "invalid_spec"),
    "a CSV of one header": (b"image,prompt\n", "text/csv", "invalid_spec"),
    "a JSONL of garbage": (b"{}\n[]\n\x00\n", "application/jsonl", "invalid_spec"),
    "a form": (b"name=x", "application/x-www-form-urlencoded", "unsupported_media_type"),
    "a multipart": (b"--x\r\n", "multipart/form-data; boundary=x", "unsupported_media_type"),
    "a pickle": (b"\x80\x04.", "application/x-python-serialize", "unsupported_media_type"),
    "no content type": (b"{}", "", "unsupported_media_type"),
}
FIELDS: dict[str, dict[str, object]] = {
    "strength below 0": {"strength": -0.1},
    "strength above 1": {"strength": 1.1},
    "no steps": {"steps": 0},
    "100,000 steps": {"steps": 100_000},
    "a width of 7": {"width": 7},
    "a width of 100,000": {"width": 100_000},
    "a negative seed": {"seed": -1},
    "a seed of 2^64": {"seed": 1 << 64},
    "a prompt of 100,000 letters": {"prompt": "x" * 100_000},
    "a prompt that does sums": {"prompt": "{7*7}"},
    "a prompt that reaches in": {"prompt": "{0.__class__.__mro__}"},
    "a prompt that names a variable of the house": {"prompt": "{settings}"},
    "a prompt of lone braces": {"prompt": "{" * 51},
    "a prompt of nested choices": {"prompt": "{a|" * 40 + "b" + "}" * 40},
    "a sampler of SQL": {"sampler": "'; DROP TABLE jobs; --"},
    "a model that is a path": {"model": "../../etc/passwd"},
    "a model that is a hub id": {"model": "evil/model"},
    "a backend that is a path": {"run": {"backend": "../x"}},
    "a job that extends a path": {"extends": "../../x"},
    "output above": {"output": {"name": "../../{index}"}},
    "output absolute": {"output": {"name": "/abs/{index}"}},
    "output with an empty folder": {"output": {"name": "a//{index}"}},
    "output with a NUL": {"output": {"name": "a\x00{index}"}},
    "output with a percent escape": {"output": {"name": "%2e%2e/{index}"}},
    "output that reaches in": {"output": {"name": "{__class__}"}},
    "output of 2,000 characters": {"output": {"name": "x" * 2000}},
    "output with a backslash": {"output": {"name": "..\\{index}"}},
    "output to another bucket": {"output": {"uri": "s3://somebody-elses/{job}/"}},
    "output to this machine": {"output": {"uri": "file:///etc/{job}"}},
    "output to the web": {"output": {"uri": "https://example.org/{job}"}},
    "a name of two lines": {"name": "a\r\nSet-Cookie: x=y"},
    "65 labels": {"labels": {f"k{k}": "v" for k in range(65)}},
    "a label of a list": {"labels": {"a": [1]}},
    "no images": {"images": []},
    "an image of a number": {"images": [7]},
    "an image's name above": {"images": [{"uri": "https://example.org/a.png", "name": "../x"}]},
    "an image of the server's own disk": {"images": ["/etc/passwd"]},
    "a priority of one's own": {"run": {"priority": "root"}},
}


def _overflow(world: World) -> httpx.Response:
    axis = {"range": [0, 1, 0.001]}
    return world.submit(strength=axis, steps={"range": [1, 1000, 1]}, samples=2)


ROWS = [
    *(Row(f"manifest: {name}", code, lambda world, body=body, kind=kind: _send(world, body, kind))  # type: ignore[misc]
      for name, (body, kind, code) in BODIES.items()),
    *(Row(f"manifest: {name}", "unknown_model" if name.startswith("a model") else "invalid_spec",
          lambda world, said=said: world.submit(**said)) for name, said in FIELDS.items()),  # type: ignore[misc]
    Row("manifest: more variants than the bound", "too_large", _overflow),
    Row("manifest: a compressed bomb", "unsupported_media_type",
        lambda world: _send(world, b"\x1f\x8b" + bytes(100), content_encoding="gzip")),
]  # fmt: skip
