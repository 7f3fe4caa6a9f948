"""Every format holds the picture and how it was made; PNG by our own hand, read by Pillow."""

import io
import json
import time
from collections.abc import Callable
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image

from jobs.models import ModelTable
from jobs.spec.model import Format
from jobs.variant import InitImage, Parameters, Variant, WeightedPrompt
from worker.backends import Order, Pixels, Rendered
from worker.output.lossy import encode_lossy, read_own_exif
from worker.output.picture import Encoder
from worker.output.png import A1111_KEY, OWN_KEY, encode_png

SIDE = 256


def photo() -> NDArray[np.uint8]:
    """Soft shapes of all sizes and some grain: deflates as a photograph does."""
    draw = np.random.default_rng(1)
    whole = np.full((SIDE, SIDE, 3), 128.0)
    for side in (4, 8, 16, 32, 64):
        low = Image.fromarray(draw.integers(0, 256, (side, side, 3), dtype=np.uint8))
        whole += (np.asarray(low.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) - 128.0) / side**0.5
    return np.clip(whole + draw.normal(0, 2, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8)


def flat() -> NDArray[np.uint8]:
    """Rectangles of one colour each."""
    draw = np.random.default_rng(2)
    whole = np.full((SIDE, SIDE, 3), 240, np.uint8)
    for _ in range(12):
        x, y, width, height = draw.integers(8, SIDE // 2, 4)
        whole[y : y + height, x : x + width] = draw.integers(0, 256, 3)
    return whole


def gradient() -> NDArray[np.uint8]:
    """Two straight ramps."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    return (np.stack([x, y, (x + y) / 2], axis=-1) * 255).astype(np.uint8)


def by_pillow(pixels: NDArray[np.uint8]) -> bytes:
    """The reference."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("paint", [photo, flat, gradient])
@pytest.mark.parametrize("size", [(SIDE, SIDE), (1, 1), (3, 200), (200, 3), (97, 131)])
def test_a_png_holds_every_pixel_as_pillow_reads_it(
    paint: Callable[[], NDArray[np.uint8]], size: tuple[int, int]
) -> None:
    pixels = np.ascontiguousarray(paint()[: size[0], : size[1]])

    with Image.open(io.BytesIO(encode_png(pixels, text={"a": "b"}))) as image:
        image.load()
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize(("paint", "bound"), [(photo, 1.2), (flat, 1.6), (gradient, 1.6)])
def test_a_png_is_hardly_larger_than_pillows(paint: Callable[[], NDArray[np.uint8]], bound: float) -> None:
    pixels = paint()

    assert len(encode_png(pixels, text={})) <= bound * len(by_pillow(pixels))


def test_a_png_of_a_photograph_costs_a_tenth_of_pillows_or_less() -> None:
    pixels, costs = photo(), dict.fromkeys(("ours", "pillow"), 9.0)
    acts: dict[str, Callable[[], bytes]] = {
        "ours": lambda: encode_png(pixels, text={}),
        "pillow": lambda: by_pillow(pixels),
    }
    for _ in range(5):
        for name, encode in acts.items():
            begun = time.thread_time()
            encode()
            costs[name] = min(costs[name], time.thread_time() - begun)

    assert costs["pillow"] > 10 * costs["ours"], "25 times and more was measured"


@pytest.mark.parametrize("kind", ["webp", "jpeg"])
def test_a_lossy_picture_looks_alike_and_says_how_it_was_made(kind: str) -> None:
    pixels = gradient()
    own = {"fingerprint": "f" * 32, "prompt": "ein grünes Boot ★"}
    text = {A1111_KEY: "a boat ★\nSteps: 3", OWN_KEY: json.dumps(own, ensure_ascii=False)}

    data = encode_lossy(pixels, kind, text=text)

    assert data == encode_lossy(pixels, kind, text=text)
    assert read_own_exif(data) == own
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == kind.upper()
        assert np.abs(np.asarray(image).astype(int) - pixels).mean() < 3
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
    assert comment.removeprefix(b"UNICODE\0").decode("utf-16-be") == text[A1111_KEY]


@pytest.mark.parametrize("kind", ["webp", "jpeg"])
def test_texts_that_do_not_fit_leave_the_fingerprint(kind: str) -> None:
    own = {"fingerprint": "f" * 32, "engine": "local", "prompt": "long " * 20_000}

    data = encode_lossy(flat(), kind, text={A1111_KEY: "x" * 90_000, OWN_KEY: json.dumps(own)})

    assert read_own_exif(data) == {"fingerprint": "f" * 32, "engine": "local"}


@pytest.mark.parametrize("data", [b"", b"no picture", encode_png(flat(), text={}), b"\xff\xd8\xff\xe1\0\x08Exif\0\0"])
def test_what_holds_no_record_of_ours_is_no_record(data: bytes) -> None:
    assert read_own_exif(data) is None


def order(strength: float, mask: Pixels | None = None) -> Order:
    """An order of which only strength and mask matter."""
    parameters = Parameters("tiny", (WeightedPrompt("a boat"),), "", strength, 4, 4.0, "ddim", 7)
    return Order(Variant(0, InitImage("file:///a.png", "a"), parameters, {}), flat(), "a" * 64, "f" * 32, mask)


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
@pytest.mark.parametrize(
    ("wanted", "source"),
    [
        (order(0.6), "compositeWithTrainedAlgorithmicMedia"),
        (order(1.0, np.zeros((8, 8), np.uint8)), "compositeWithTrainedAlgorithmicMedia"),
        (order(1.0), "trainedAlgorithmicMedia"),
    ],
    ids=["over", "masked", "anew"],
)
def test_a_picture_says_that_a_machine_painted_it(kind: Format, wanted: Order, source: str) -> None:
    data = Encoder(ModelTable.load(), engine="local").encode(Rendered(wanted, flat(), 0.0), kind)

    with Image.open(io.BytesIO(data)) as image:
        said = image.info["XML:com.adobe.xmp" if kind == "png" else "xmp"]
    packet = ET.fromstring(said if isinstance(said, str) else said.decode())  # noqa: S314 - our own
    (description,) = packet.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    name = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
    assert description.get(name) == f"http://cv.iptc.org/newscodes/digitalsourcetype/{source}"
