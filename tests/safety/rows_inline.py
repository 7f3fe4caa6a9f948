"""Pictures that strangers write into a job spec itself, as `data:` URIs: refused by name, and never shown again."""

import base64
from collections.abc import Callable, Mapping

import httpx

from tests.safety.world import Row, World

CANARY = "QUFBQ0FOQVJZ" * 4
"""Base64 that no answer may repeat."""


def data_uri(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


URIS: Mapping[str, str] = {
    "no comma": f"data:image/png;base64{CANARY}",
    "no base64": f"data:image/png,{CANARY}",
    "no type": f"data:;base64,{CANARY}",
    "nothing in it": "data:image/png;base64,",
    "padding alone": "data:image/png;base64,====",
    "letters that are none": f"data:image/png;base64,{CANARY}!!",
    "letters of URLs": f"data:image/png;base64,{CANARY}_-",
    "percent escapes": f"data:image/png;base64,%69{CANARY}",
    "a length that can't be": f"data:image/png;base64,{CANARY}A",
    "bytes that are no picture": data_uri(base64.b64decode(CANARY)),
    "a signature and no more": data_uri(b"\x89PNG\r\n\x1a\n"),
    "a GIF that says PNG": data_uri(b"GIF89a" + bytes(60)),
    "an SVG": data_uri(b"<svg onload='alert(1)'/>", "image/svg+xml"),
    "a GIF": data_uri(b"GIF89a" + bytes(60), "image/gif"),
    "a page": data_uri(b"<script>alert(1)</script>", "text/html"),
    "a type of 5,000 letters": data_uri(base64.b64decode(CANARY), "image/" + "p" * 5000),
    "a type of two lines": data_uri(base64.b64decode(CANARY), "image/png\r\nX: y"),
    "200 parameters": data_uri(base64.b64decode(CANARY), "image/png" + ";a=b" * 200),
    "capitals": f"DATA:IMAGE/PNG;BASE64,{CANARY}!",
    "more bytes than the bound": data_uri(b"\x89PNG\r\n\x1a\n" + base64.b64decode(CANARY) * 600),
}
PLACES: Mapping[str, Callable[[str], dict[str, object]]] = {
    "an image": lambda uri: {"images": [uri]},
    "the image": lambda uri: {"images": uri},
    "an image's uri": lambda uri: {"images": [{"uri": uri, "name": "a"}]},
    "an image's mask": lambda uri: {"images": [{"uri": "https://example.org/a.png", "mask": uri}]},
    "an image's own mask": lambda uri: {"images": [{"uri": "https://example.org/a.png", "set": {"mask": uri}}]},
    "the mask": lambda uri: {"mask": uri},
    "a mask of an axis": lambda uri: {"mask": ["https://example.org/m.png", uri]},
    "a mask of the matrix": lambda uri: {"matrix": {"mask": ["https://example.org/m.png", uri]}},
    "a table": lambda uri: {"images": [{"table": uri}]},
    "a webhook": lambda uri: {"webhook": uri},
    "the output": lambda uri: {"output": {"uri": uri}},
    "the model": lambda uri: {"model": uri},
    "a sampler": lambda uri: {"sampler": uri},
    "a name of an image": lambda uri: {"images": [{"uri": "https://example.org/a.png", "name": uri}]},
    "a key": lambda uri: {uri: 1},
}


def _quiet(answer: httpx.Response) -> httpx.Response | str:
    """The answer, unless it repeats what was sent."""
    repeated = any(CANARY[k : k + 12] in answer.text for k in range(12))
    return "it repeats the picture" if repeated else answer


def _picture(said: dict[str, object]) -> Callable[[World], object]:
    return lambda world: _quiet(world.submit(**said))


def _many(world: World) -> object:
    return _quiet(world.submit(images=[data_uri(b"\xff\xd8\xff" + k.to_bytes(2)) for k in range(101)]))


ROWS = [
    *(Row(f"data: {name}", "invalid_spec", _picture({"images": [uri]})) for name, uri in URIS.items()),
    *(
        Row(
            f"data: as {name}",
            "unknown_model" if name == "the model" else "invalid_spec",
            _picture(said(f"data:image/png;base64,{CANARY}")),
        )
        for name, said in PLACES.items()
    ),
    Row("data: 101 pictures", "invalid_spec", _many),
]
