"""A picture says how it was made, in the way that other tools read, and twice the same in the same bytes."""

import io
import json
import re
import tracemalloc
import zlib
from collections.abc import Mapping

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from jobs.variant import InitImage, Parameters, Scalar, Variant, WeightedPrompt
from worker.output.png import a1111_parameters, encode_png, own_json, read_own_json

PIXELS = np.random.default_rng(3).integers(0, 255, (24, 40, 3), dtype=np.uint8)


def _variant(
    index: int = 7, prompt: str = "a crayon drawing", negative: str = "", sampler: str = "euler_ancestral"
) -> Variant:
    parameters = Parameters(
        model="demo",
        prompts=(WeightedPrompt(prompt),),
        negative_prompt=negative,
        strength=0.35,
        steps=30,
        cfg_scale=7.0,
        sampler=sampler,
        seed=121245125,
    )
    coordinates: Mapping[str, Scalar] = {"strength": 0.35}
    return Variant(index, InitImage("s3://in/boat.png", "boat"), parameters, coordinates)


def _own(variant: Variant) -> str:
    return own_json(
        variant,
        width=40,
        height=24,
        image_sha256="ab" * 32,
        fingerprint="f" * 32,
        model_revision="rev1",
        engine="0.1.0",
    )


def test_the_pixels_come_back_exactly() -> None:
    with Image.open(io.BytesIO(encode_png(PIXELS, text={}))) as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), PIXELS)


@pytest.mark.parametrize("text", ["plain", "grün, 'quoted' \"twice\"\nand more", "★ 日本語 🚀", "", "x" * 100_000])
def test_any_text_comes_back_as_every_reader_sees_it(text: str) -> None:
    data = encode_png(PIXELS, text={"parameters": text, "pentimento": json.dumps({"prompt": text}, ensure_ascii=False)})

    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, PngImagePlugin.PngImageFile)
        assert image.text.get("parameters", "") == text
    own = read_own_json(data)
    assert own == {"prompt": text}


def test_a_lone_surrogate_does_not_cost_the_picture() -> None:
    assert read_own_json(encode_png(PIXELS, text={"pentimento": '{"prompt": "a\ud800b"}'})) == {"prompt": "a?b"}


def test_equal_arguments_give_equal_bytes() -> None:
    texts = {"parameters": "a", "pentimento": _own(_variant())}

    assert encode_png(PIXELS, text=texts) == encode_png(PIXELS.copy(), text=dict(texts))
    assert encode_png(np.asfortranarray(PIXELS), text=texts) == encode_png(PIXELS, text=texts)


# How A1111's own web UI takes such a text apart (modules/infotext_utils.py reads with this expression).
_PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def _read_as_a1111_does(text: str) -> dict[str, str]:
    *lines, last = text.split("\n")
    pairs = {key: json.loads(value) if value.startswith('"') else value for key, value in _PAIR.findall(last)}
    at = next((number for number, line in enumerate(lines) if line.startswith("Negative prompt:")), len(lines))
    negative = "\n".join(lines[at:]).removeprefix("Negative prompt:").strip()
    return {"Prompt": "\n".join(lines[:at]), "Negative prompt": negative, **pairs}


def test_other_tools_read_the_parameters() -> None:
    said = a1111_parameters(_variant(negative="blurry, low"), width=512, height=768, model_revision="0123456789abcdef")

    assert said.startswith(
        "a crayon drawing\nNegative prompt: blurry, low\nSteps: 30, Sampler: Euler a, CFG scale: 7, "
    )
    read = _read_as_a1111_does(said)
    assert read["Prompt"] == "a crayon drawing"
    assert read["Negative prompt"] == "blurry, low"
    assert (read["Seed"], read["Size"], read["Denoising strength"]) == ("121245125", "512x768", "0.35")
    assert (read["Model"], read["Model hash"]) == ("demo", "0123456789")


def test_without_a_negative_prompt_there_is_no_such_line() -> None:
    assert a1111_parameters(_variant(), width=8, height=8).split("\n")[1].startswith("Steps: 30")


@pytest.mark.parametrize(
    ("sampler", "label"),
    [("ddim", "DDIM"), ("euler", "Euler"), ("euler_ancestral", "Euler a"), ("dpmpp_2m", "DPM++ 2M"), ("heun", "Heun")],
)
def test_samplers_are_called_as_a1111_calls_them(sampler: str, label: str) -> None:
    assert _read_as_a1111_does(a1111_parameters(_variant(sampler=sampler), width=8, height=8))["Sampler"] == label


def test_our_own_record_holds_what_decided_the_pixels() -> None:
    own = read_own_json(encode_png(PIXELS, text={"parameters": "x", "pentimento": _own(_variant())}))

    assert own is not None
    assert own["fingerprint"] == "f" * 32
    assert own["init_image"] == {"sha256": "ab" * 32}
    assert own["model"] == {"name": "demo", "revision": "rev1"}
    parameters = own["parameters"]
    assert isinstance(parameters, dict)
    assert (parameters["seed"], parameters["width"], parameters["height"]) == (121245125, 40, 24)


def test_where_a_variant_stands_in_its_job_is_not_in_its_picture() -> None:
    assert _own(_variant(index=7)) == _own(_variant(index=8))


def _png_with(kind: bytes, body: bytes) -> bytes:
    data = encode_png(PIXELS, text={})
    chunk = len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a png",
        encode_png(PIXELS, text={}),
        encode_png(PIXELS, text={"pentimento": "no json"}),
        encode_png(PIXELS, text={"pentimento": "[1]"}),
        encode_png(PIXELS, text={"pentimento": "[" * 100_000}),
        encode_png(PIXELS, text={"pentimento": '{"a": 1}'})[:45],
        _png_with(b"iTXt", b"pentimento\0"),
        _png_with(b"iTXt", b"pentimento\0\1\0\0\0" + zlib.compress(bytes(50 << 20))),
        _png_with(b"iTXt", b"pentimento\0\0\0\0\0\xff"),
        _png_with(b"tEXt", b"pentimento\0{" + b" " * (2 << 20) + b"}"),
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * 100_000,
    ],
    ids=range(12),
)
def test_a_strangers_file_is_not_ours_and_does_no_harm(data: bytes) -> None:
    assert read_own_json(data) is None


def test_a_compressed_bomb_in_a_text_is_not_unpacked() -> None:
    data = _png_with(b"iTXt", b"pentimento\0\1\0\0\0" + zlib.compress(bytes(50 << 20)))

    tracemalloc.start()
    found = read_own_json(data)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found is None
    assert peak_bytes < 8 << 20
