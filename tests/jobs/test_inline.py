"""Pictures within a manifest: taken out of it before the spec is read, whatever form the manifest has."""

import base64
import hashlib
import json

import pytest

from jobs.errors import InvalidSpec
from jobs.manifest import Format, read_manifest
from jobs.spec import canonical_json
from jobs.spec.images import masks

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
BODY = base64.b64encode(PNG).decode()
URI = f"data:image/png;base64,{BODY}"
UPLOAD = f"upload://{hashlib.sha256(PNG).hexdigest()}"
OTHER = f"data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}"
GOOD = {"model": "tiny", "prompt": "a boat"}


LONG = {"apiVersion": "pentimento/v1", "kind": "Sweep", "spec": GOOD | {"images": [{"uri": URI}]}}
YAML = "images: ['{}']\nmodel: tiny\nprompt: a boat\n"
FORMS: dict[str, tuple[Format, str]] = {
    "a list": ("json", json.dumps(GOOD | {"images": [URI]})),
    "one alone": ("json", json.dumps(GOOD | {"images": URI})),
    "the long form": ("json", json.dumps(LONG)),
    "YAML": ("yaml", YAML.format(URI)),
    "YAML over lines": ("yaml", YAML.format(f"{URI[:60]}\n  {URI[60:]}")),
    "JSONL": ("jsonl", json.dumps(GOOD | {"image": URI}) + "\n"),
    "CSV": ("csv", f'image,prompt,model\n"{URI}",a boat,tiny\n'),
}


@pytest.mark.parametrize(("form", "text"), FORMS.values(), ids=FORMS)
def test_a_picture_in_a_manifest_becomes_the_upload_that_it_will_be(form: Format, text: str) -> None:
    manifest = read_manifest(text, source="m", format=form)

    assert [image.uri for image in manifest.spec.images] == [UPLOAD]
    assert manifest.pictures == {UPLOAD: PNG}
    assert BODY[:20].encode() not in canonical_json(manifest.spec)


def test_masks_are_pictures_wherever_they_stand_and_equal_ones_are_one() -> None:
    images = [{"uri": URI, "mask": OTHER}, {"uri": OTHER, "set": {"mask": URI}}, "upload://" + "0" * 64]
    manifest = read_manifest(json.dumps(GOOD | {"images": images, "matrix": {"mask": ["", URI]}}), source="m")

    said = {value for _, value in masks(manifest.spec) if value}
    assert said == set(manifest.pictures)
    assert sorted(manifest.pictures.values()) == sorted([PNG, JPEG])


def test_what_is_no_place_of_a_picture_keeps_its_text() -> None:
    document = GOOD | {"images": ["a.png"], "prompt": f"{URI} by {{who}}", "matrix": {"who": [URI, "nobody"]}}

    manifest = read_manifest(json.dumps(document), source="m")

    assert manifest.pictures == {}
    assert manifest.spec.axes[0].columns == ((URI, "nobody"),)


def test_a_picture_above_the_bound_is_refused_with_its_place_line_size_and_a_way_out_beside_all_else() -> None:
    text = f"model: tiny\nprompt: a\nsteps: 0\nimages:\n  - a.png\n  - '{URI}'\n"

    read_manifest(text.replace("steps: 0", "steps: 1"), source="m", picture_bytes=len(PNG))
    with pytest.raises(InvalidSpec) as refused:
        read_manifest(text, source="m", picture_bytes=len(PNG) - 1)

    told = {problem.path: problem for problem in refused.value.problems}
    assert set(told) == {"images[1]", "steps"}
    assert f"(image/png) of {len(PNG)} bytes, at most {len(PNG) - 1}" in told["images[1]"].message
    assert told["images[1]"].line == 6
    assert "/v1/uploads" in told["images[1]"].remedy
    assert BODY[:12] not in str(refused.value) + refused.value.remedy
