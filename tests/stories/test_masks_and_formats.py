"""A masked sweep stored as JPEG or WebP, from upload to download."""

import io
import json

import pytest
from PIL import ExifTags, Image

from tests.stories.conftest import Farm, picture

pytestmark = pytest.mark.timeout(240)


def mask() -> bytes:
    """The upper half white, kept; the lower black."""
    file = io.BytesIO()
    whole = Image.new("L", (64, 64), "white")
    whole.paste("black", (0, 32, 64, 64))
    whole.save(file, "PNG")
    return file.getvalue()


def test_a_masked_job_keeps_what_is_white_and_says_how_each_file_was_made(farm: Farm) -> None:
    init = picture(40)
    spec = {
        "images": [{"uri": farm.upload(init), "mask": farm.upload(mask())}],
        "model": "tiny",
        "prompt": "a boat",
        "strength": [0.6, 0.9],
        "steps": 6,
        "sampler": "unipc",
        "output": {"format": "webp"},
    }

    job = farm.submit(spec)

    assert farm.finished(job)["state"] == "succeeded"
    found = [path for path in (farm.stored(job) / "pictures").rglob("*") if path.is_file()]
    assert [path.suffix for path in found] == [".webp", ".webp"]
    with Image.open(io.BytesIO(init)) as before:
        top = before.convert("RGB").crop((0, 0, 64, 24))
    for path in found:
        with Image.open(path) as image:
            own = json.loads(image.getexif()[ExifTags.Base.ImageDescription])
            kept = image.convert("RGB").crop((0, 0, 64, 24))
        assert own["parameters"]["sampler"] == "unipc"
        off = [abs(a - b) for a, b in zip(kept.tobytes(), top.tobytes(), strict=True)]
        assert sum(off) / len(off) < 4
