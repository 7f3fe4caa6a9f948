"""Keys are deterministic, distinct, and hold nothing that a user smuggled in."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import keys
from jobs.errors import ForbiddenUri
from jobs.spec.images import NAME, safe_name, slug
from jobs.sweep import Sweep
from tests.jobs.documents import spec

JOB = "01aryz6s410000000000000000"
SAFE = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\.png")


def pictures(**changes: Any) -> list[str]:
    """The keys of all pictures below the results folder."""
    made = spec(**changes)
    return [keys.picture_uri("r/", made, v).removeprefix("r/pictures/") for v in Sweep(made)]


@pytest.mark.parametrize(
    ("deployment", "own", "expected"),
    [
        ("s3://pentimento", None, f"s3://pentimento/anna/{JOB}/"),
        ("s3://pentimento/x/", "", f"s3://pentimento/x/anna/{JOB}/"),
        ("file:///srv/out", None, f"file:///srv/out/anna/{JOB}/"),
        ("s3://pentimento", "s3://out/{job}/", f"s3://out/anna/{JOB}/"),
        ("s3://pentimento", "s3://out", f"s3://out/anna/{JOB}/"),
        ("s3://pentimento", "s3://out/autumn/run-{job}/a", f"s3://out/anna/autumn/run-{JOB}/a/"),
        ("s3://pentimento", "file:///srv/{job}/x/", f"file:///srv/anna/{JOB}/x/"),
        ("s3://pentimento", "file:///srv/x", f"file:///srv/x/anna/{JOB}/"),
    ],
)
def test_results_lie_below_the_caller_and_the_job(deployment: str, own: str | None, expected: str) -> None:
    assert keys.results_uri(deployment, own, caller="anna", job=JOB) == expected


@pytest.mark.parametrize("caller", ["", "..", "a/b", ".hidden", "a b", "é"])
def test_a_caller_that_is_no_key_is_refused(caller: str) -> None:
    with pytest.raises(ForbiddenUri):
        keys.results_uri("s3://out", None, caller=caller, job=JOB)


def test_what_is_no_job_id_or_no_store_is_refused() -> None:
    with pytest.raises(ValueError, match="no job id"):
        keys.results_uri("s3://out", None, caller="anna", job="../x")
    with pytest.raises(ValueError, match=r"s3:// or file://"):
        keys.results_uri("s3://out", "https://x.example/", caller="anna", job=JOB)


def test_pictures_are_named_by_image_and_position_unless_told_otherwise() -> None:
    assert pictures(images=["my boat.png", "b.png"], strength=[0.1, 0.2]) == [
        "my-boat/000000.png", "my-boat/000001.png", "b/000002.png", "b/000003.png"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("{image}/{season}-{strength}-{index}", "a/late-autumn-0.5-000000.png"),
        ("{index}", "000000.png"),
        ("{image}.png", "a-000000.png"),
        ("{seed}{index}", "7000000-000000.png"),
        ("{index}-{image}", "000000-a.png"),
        ("{sampler}/{model}-{steps}_{sample}", "dpmpp_2m/tiny-30_0-000000.png"),
        ("{prompt}", "late-autumn-of-2026-000000.png"),
        ("{width}x{height}", "nonexnone-000000.png"),
    ],
)
def test_a_name_is_filled_and_always_tells_the_position(name: str, expected: str) -> None:
    made = pictures(
        output={"name": name}, seed=7, prompt="{season} of 2026", matrix={"season": ["late autumn"]}, strength=0.5
    )
    assert made == [expected]


def test_values_of_an_image_alone_may_be_named() -> None:
    images = [{"uri": "x.png", "set": {"who": "Anna / Bo"}}, {"uri": "x.png", "set": {"who": "../.."}}]
    assert pictures(images=images, output={"name": "{who}/{index}"}) == ["Anna-Bo/000000.png", "none/000001.png"]


NASTY = st.text(alphabet=st.sampled_from("ab0-._/\\ \té\u202e%{}💥"), max_size=80)
PARTS = ["{image}", "{index}", "{seed}", "{sample}", "{v}", "{strength}", "a", "-", "_", "7", "."]
NAMES = st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map("".join), min_size=1, max_size=4)


@given(st.lists(NASTY, min_size=1, max_size=4, unique=True), NAMES)
def test_no_values_make_an_unsafe_or_a_shared_key(values: list[str], names: list[str]) -> None:
    values = [value.replace("\t", "") for value in values]
    name = "/".join(part.replace(".", "x") if not part.strip(".") or part.startswith(".") else part for part in names)
    made = pictures(
        prompt="{v}",
        matrix={"v": list(dict.fromkeys(values))},
        strength=[0.1, 0.2],
        output={"name": name},
        images=["1.png", "1-000001.png"],
        samples=2,
    )
    assert len(set(made)) == len(made)
    for key in made:
        assert SAFE.fullmatch(key), key
        assert len(key) < 700
        assert ".." not in key


def test_no_key_is_a_folder_of_another() -> None:
    made = pictures(images=["a.png", "a.png.png"], output={"name": "{image}"}, strength=[0.1, 0.2])
    assert not any(other.startswith(f"{key}/") for key in made for other in made)


def test_every_other_file_has_one_place() -> None:
    folder = "s3://out/anna/j/"
    assert (
        keys.record_uri(folder, chunk_start=5, fence=3, part=1) == f"{folder}records/000000000005-00000003-0001.jsonl"
    )
    assert keys.record_uri(folder, chunk_start=5, fence=3, part=1).startswith(keys.records_prefix(folder))
    assert keys.manifest_uri(folder) == f"{folder}manifest.json"
    assert keys.results_jsonl_uri(folder) == f"{folder}results.jsonl"
    assert keys.errors_jsonl_uri(folder) == f"{folder}errors.jsonl"
    assert keys.sheet_uri(folder) == f"{folder}sheet.png"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("../../etc", "etc"), ("a//b", "a-b"), ("%00", "00"), ("Café", "Cafe"), ("日本", ""), ("...", ""), ("a. ", "a")],
)
def test_a_slug_is_safe(text: str, expected: str) -> None:
    assert slug(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("boat", "boat"), ("a b", "a-b"), ("Café", "Cafe"), ("...", "image"), ("日本", "image-"), ("日本 boat", "boat-"),
     ("b" * 60, "b" * 60), ("b" * 61, "b" * 51 + "-")],
)  # fmt: skip
def test_a_name_that_loses_letters_tells_itself_apart(text: str, expected: str) -> None:
    made = safe_name(text)

    assert NAME.fullmatch(made)
    assert made == expected or (expected.endswith("-") and made.startswith(expected) and made != safe_name(f"{text}本"))
