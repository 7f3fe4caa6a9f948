"""Whatever a stranger sends is a picture or one sentence; no claim of theirs is believed before it is checked."""

import io
import random
import resource
import struct
import warnings
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from jobs.errors import BadImage
from worker.booth.decode import Pixels, decode

MAX = 1_000_000


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *more: bytes, data: bytes = b"", colours: int = 0) -> bytes:
    """A PNG by hand: 8-bit grey, with further chunks before its pixels."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + _chunk(b"IDAT", zlib.compress(data)) + _chunk(b"IEND", b"")


def _saved(image: Image.Image, kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def _scene(width: int = 24, height: int = 16) -> Image.Image:
    """Every pixel another colour, so that a turn or a shift shows."""
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([across * 10, down * 15, (across + down) * 5], axis=2).astype(np.uint8))


def _noise(side: int = 64) -> Image.Image:
    return Image.fromarray(np.random.default_rng(7).integers(0, 255, (side, side, 3), dtype=np.uint8))


def _animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (8, 8), (shade * 40, 0, 0)) for shade in range(5)]
    return _saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def _many_texts() -> bytes:
    info = PngImagePlugin.PngInfo()
    for number in range(70):
        info.add_itxt(f"k{number}", "x" * 1_000_000, zip=True)
    return _saved(_scene(), "PNG", pnginfo=info)


def _webp_claiming(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x00\x00\x00\x00" + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty"),
    "text": (lambda: b"<html>404</html>" * 9, "not a PNG, JPEG or WebP"),
    "random bytes": (lambda: random.Random(1).randbytes(1 << 20), "not a PNG, JPEG or WebP"),
    "a GIF": (lambda: _saved(_scene(), "GIF"), "not a PNG, JPEG or WebP"),
    "a BMP": (lambda: _saved(_scene(), "BMP"), "not a PNG, JPEG or WebP"),
    "a TIFF": (lambda: _saved(_scene(), "TIFF"), "not a PNG, JPEG or WebP"),
    "an EPS": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a PNG, JPEG or WebP"),
    "an SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not a PNG, JPEG or WebP"),
    "a PNG's signature alone": (lambda: b"\x89PNG\r\n\x1a\n", "not a PNG, JPEG or WebP"),
    "a JPEG's signature alone": (lambda: b"\xff\xd8\xff\xe0", "truncated or corrupt"),
    "half a PNG": (lambda: (data := _saved(_noise(), "PNG"))[: len(data) // 2], "truncated or corrupt"),
    "half a JPEG": (lambda: (data := _saved(_noise(), "JPEG"))[: len(data) // 2], "truncated or corrupt"),
    "half a WebP": (lambda: (data := _saved(_noise(), "WEBP"))[: len(data) // 2], "truncated or corrupt"),
    "a PNG without its end": (lambda: _saved(_noise(), "PNG")[:-20], "truncated or corrupt"),
    "a bad CRC in a PNG's pixels": (lambda: _flipped(_saved(_noise(), "PNG"), -13), "truncated or corrupt"),
    "a bad CRC in a PNG's head": (lambda: _flipped(_saved(_scene(), "PNG"), 30), "truncated or corrupt"),
    "flipped bits in a PNG's pixels": (lambda: _flipped(_saved(_noise(), "PNG"), 900), "truncated or corrupt"),
    "a PNG of 60,000 × 60,000 in 100 bytes": (lambda: _png(60_000, 60_000), "60,000 × 60,000"),
    "a WebP of 16,384 × 16,384 in 30 bytes": (lambda: _webp_claiming(16_384, 16_384), "16,384 × 16,384"),
    "a strip of 1 × 65,000": (lambda: _png(1, 65_000, data=b"\0\0" * 65_000), "side of more than"),
    "a strip of 2 × 30,000": (lambda: _png(2, 30_000, data=b"\0\0\0" * 30_000), "longer than 64 to 1"),
    "a PNG without width": (lambda: _png(0, 10), "0 × 10"),
    "one pixel too many": (lambda: _png(1_000, 1_001, data=bytes(1_001 * 1_001)), "more than 1,000,000"),
    "a palette's PNG without a palette": (lambda: _png(2, 2, data=bytes(6), colours=3), "truncated or corrupt"),
    "a zTXt bomb": (
        lambda: _png(1, 1, _chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(80 << 20))), data=b"\0\0"),
        "truncated or corrupt",
    ),
    "seventy texts of a megabyte": (_many_texts, "truncated or corrupt"),
    "an animated PNG": (lambda: _animation("PNG"), "animation of 5 frames"),
    "an animated WebP": (lambda: _animation("WEBP"), "animation of 5 frames"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_refused_in_one_sentence_with_a_remedy(name: str) -> None:
    make, said = BAD[name]
    data = make()

    with pytest.raises(BadImage, match=said) as caught:
        decode(data, max_pixels=MAX)

    assert caught.value.remedy
    assert len(str(caught.value)) < 300


def test_a_forged_size_costs_no_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for data in (_png(60_000, 60_000), _webp_claiming(16_384, 16_384)):
        with pytest.raises(BadImage):
            decode(data, max_pixels=MAX)

    grown_kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kilobytes < 50_000


def test_pillows_own_bomb_warning_is_an_error_in_this_process() -> None:
    filters = [entry for entry in warnings.filters if entry[2] is Image.DecompressionBombWarning]

    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
        with pytest.raises(BadImage, match="too many pixels"):
            decode(_png(10_000, 10_000), max_pixels=1 << 40)
    assert all(entry[0] == "error" for entry in filters)


def test_mutated_files_are_pictures_or_refused_and_never_anything_else() -> None:
    dice = random.Random(20261)
    originals = [_saved(_noise(48), kind) for kind in ("PNG", "JPEG", "WEBP")]

    for turn in range(600):
        data = bytearray(originals[turn % 3])
        for _ in range(dice.randint(1, 12)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                pixels = decode(bytes(data), max_pixels=MAX).pixels
            except BadImage:
                continue
        assert pixels.dtype == np.uint8


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_lossless_pictures_come_out_pixel_for_pixel(kind: str) -> None:
    scene = _scene()

    picture = decode(_saved(scene, kind, lossless=True), max_pixels=MAX)

    assert picture.format == kind
    assert np.array_equal(picture.pixels, np.asarray(scene))


def test_a_single_pixel_is_a_picture() -> None:
    assert decode(_png(1, 1, data=b"\0\x80"), max_pixels=MAX).pixels.tolist() == [[[128, 128, 128]]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_is_upright_whatever_way_the_camera_was_held(kind: str, orientation: int) -> None:
    seen = np.asarray(_scene())
    # How the sensor stored what should be seen, by the EXIF standard: where its row 0 and column 0 are.
    stored = {
        1: seen,
        2: seen[:, ::-1],
        3: seen[::-1, ::-1],
        4: seen[::-1],
        5: seen.transpose(1, 0, 2),
        6: np.rot90(seen),
        7: seen[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(seen, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = _saved(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif, lossless=True)

    assert np.array_equal(decode(data, max_pixels=MAX).pixels, seen)


def test_a_jpeg_is_turned_by_its_exif() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = _saved(Image.new("RGB", (40, 16), "red"), "JPEG", exif=exif)

    assert decode(data, max_pixels=MAX).pixels.shape == (40, 16, 3)


def test_a_broken_exif_block_does_not_cost_the_picture() -> None:
    data = _saved(_scene(), "PNG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff\x00")

    assert np.array_equal(decode(data, max_pixels=MAX).pixels, np.asarray(_scene()))


def test_a_jpeg_with_further_pictures_is_its_first_picture() -> None:
    first, second = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    data = _saved(first, "MPO", save_all=True, append_images=[second])

    pixels = decode(data, max_pixels=MAX).pixels

    assert pixels[8, 8, 0] > 240
    assert pixels[8, 8, 2] < 20


def _one(pixels: Pixels) -> list[int]:
    assert (pixels == pixels[0, 0]).all()
    return [int(value) for value in pixels[0, 0]]


def test_transparency_is_laid_on_white() -> None:
    half_red = Image.new("RGBA", (4, 4), (255, 0, 0, 128))
    clear_grey = Image.new("LA", (4, 4), (10, 0))
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    keyed = Image.new("RGB", (4, 4), (1, 2, 3))

    assert _one(decode(_saved(half_red, "PNG"), max_pixels=MAX).pixels) == [255, 127, 127]
    assert _one(decode(_saved(clear_grey, "PNG"), max_pixels=MAX).pixels) == [255, 255, 255]
    assert _one(decode(_saved(palette, "PNG", transparency=1), max_pixels=MAX).pixels) == [255, 255, 255]
    assert _one(decode(_saved(keyed, "PNG", transparency=(1, 2, 3)), max_pixels=MAX).pixels) == [255, 255, 255]


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    grey = Image.fromarray(np.array([[0, 0x8080], [0x0101 * 7, 0xFFFF]], dtype=np.uint16))

    pixels = decode(_saved(grey, "PNG"), max_pixels=MAX).pixels

    assert pixels[..., 0].tolist() == [[0, 0x80], [7, 255]]
    assert pixels.shape == (2, 2, 3)


def test_palette_one_bit_grey_and_cmyk_become_rgb() -> None:
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 200, 100, 50])
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))

    assert _one(decode(_saved(palette, "PNG"), max_pixels=MAX).pixels) == [200, 100, 50]
    assert _one(decode(_saved(Image.new("1", (4, 4), 1), "PNG"), max_pixels=MAX).pixels) == [255, 255, 255]
    assert _one(decode(_saved(Image.new("L", (4, 4), 77), "PNG"), max_pixels=MAX).pixels) == [77, 77, 77]
    red = decode(_saved(cmyk, "JPEG"), max_pixels=MAX).pixels[8, 8]
    assert red[0] > 240
    assert max(red[1], red[2]) < 15
