"""A picture that says how it was made, in the file itself: other tools read it, and so do we after a crash.

Three texts travel in each PNG. `parameters` is what AUTOMATIC1111's web UI writes and most tools read. `pentimento` is
our own JSON: everything that decided the pixels, and nothing that differs between two renders of the same variant (no
time, no worker, no job), so that rendering a variant again gives the same bytes. The third is `xmp`'s packet.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from jobs import __version__
from jobs.samplers import ALIASES
from jobs.variant import Variant
from worker.backends import Rung
from worker.output.scanlines import SIGNATURE, assembled
from worker.output.xmp import XMP_KEY

A1111_KEY = "parameters"
OWN_KEY = "pentimento"
MAX_TEXT_BYTES = 1 << 20
_MAX_CHUNKS = 256


def encode_png(pixels: NDArray[np.uint8], *, text: Mapping[str, str]) -> bytes:
    """A PNG of `pixels` (uint8 RGB, shape (height, width, 3)) with `text`; the same bytes for the same arguments.

    Text is kept as tEXt where it is Latin-1, else (and XMP always) as iTXt (UTF-8). A lone surrogate becomes `?`: PNG
    has no way to write it.
    """
    texts: list[tuple[bytes, bytes]] = []
    for key, value in text.items():
        clean = value.encode("utf-8", "replace").decode("utf-8")
        try:
            latin = None if key == XMP_KEY else clean.encode("latin-1")
        except UnicodeEncodeError:
            latin = None
        if latin is None:
            # Not compressed, no language, no translated keyword.
            texts.append((b"iTXt", key.encode() + b"\0\0\0\0\0" + clean.encode("utf-8")))
        else:
            texts.append((b"tEXt", key.encode() + b"\0" + latin))
    return assembled(pixels, texts)


def a1111_parameters(variant: Variant, *, width: int, height: int, model_revision: str = "") -> str:
    """What A1111 would have written for this variant, rendered at `width` × `height` pixels."""
    wanted = variant.parameters
    values = {
        "Steps": str(wanted.steps),
        "Sampler": _a1111_sampler(wanted.sampler),
        "CFG scale": f"{wanted.cfg_scale:g}",
        "Seed": str(wanted.seed),
        "Size": f"{width}x{height}",
        "Model hash": model_revision[:10],
        "Model": wanted.model,
        "Denoising strength": f"{wanted.strength:g}",
        "Version": f"pentimento {__version__}",
    }
    lines = [wanted.prompt]
    if wanted.negative_prompt:
        lines.append(f"Negative prompt: {wanted.negative_prompt}")
    lines.append(", ".join(f"{key}: {_a1111_quoted(value)}" for key, value in values.items() if value))
    return "\n".join(lines).strip()


def own_json(  # noqa: PLR0913 - one record, all of it
    variant: Variant,
    *,
    width: int,
    height: int,
    image_sha256: str,
    fingerprint: str,
    model_revision: str,
    engine: str,
    rung: Rung | None = None,
) -> str:
    """Our own record of a picture, as JSON with sorted keys.

    width and height in pixels, as rendered. engine: what made it. rung: as `Rendered.rung`. Only what is in the
    fingerprint, too: neither the image's name nor the prompt's template, which two jobs may spell differently for the
    same picture (records have them).
    """
    record: dict[str, object] = {
        "pentimento": __version__,
        "engine": engine,
        "fingerprint": fingerprint,
        "prompt": variant.parameters.prompt,
        "parameters": {**asdict(variant.parameters), "width": width, "height": height},
        "init_image": {"sha256": image_sha256},
        "model": {"name": variant.parameters.model, "revision": model_revision},
    }
    if rung is not None:
        record["rung"] = asdict(rung)
    return json.dumps(record, sort_keys=True, ensure_ascii=False)


def read_own_json(data: bytes) -> dict[str, object] | None:
    """Our own record from a PNG's bytes, None where there is none; no pixel is decoded, and nothing is believed.

    Looks only at the chunks before the pixels, at most 256 of them and 1 MiB of text.
    """
    for kind, body in _chunks(data):
        text = _text_of(kind, body)
        if text is None:
            continue
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None
    return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(SIGNATURE):
        return
    at = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + min(length, MAX_TEXT_BYTES + 1024)]
        if kind in {b"IDAT", b"IEND", b""}:
            return
        if length <= MAX_TEXT_BYTES + 1024 and len(body) == length:
            yield kind, body
        at += 12 + length


def _text_of(kind: bytes, body: bytes) -> str | None:
    key, separator, rest = body.partition(b"\0")
    if not separator or key != OWN_KEY.encode():
        return None
    if kind == b"tEXt":
        return rest.decode("latin-1")
    if kind != b"iTXt" or len(rest) < 2:
        return None
    packed, text = rest[0], rest[2:].split(b"\0", 2)[-1]
    try:
        if packed:
            text = zlib.decompressobj().decompress(text, MAX_TEXT_BYTES)
        return text.decode("utf-8")
    except (zlib.error, UnicodeDecodeError):
        return None


def _a1111_sampler(name: str) -> str:
    """A1111's label: the first known alias that is a label, else the canonical name in its spelling (`DDIM`)."""
    label = next((alias for alias in ALIASES.get(name, ()) if "Scheduler" not in alias), "")
    return label or (name.upper() if name in {"ddim", "ddpm", "lms"} else name.replace("_", " ").capitalize())


def _a1111_quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ",:\n") else value
