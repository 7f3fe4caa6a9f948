"""What a pattern or a table stands for is listed once, pinned, and read back a page at a time."""

import hashlib
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import ForbiddenUri, ImageChanged, InvalidSpec, TooLarge
from jobs.ledger.reading import job_view
from jobs.ledger.views import JobView
from jobs.settings import Settings
from jobs.spec import canonical_json, parse_spec
from jobs.spec.model import ImageSpec
from jobs.storage.listing import PAGE, PAGES_KEPT, Index, ListedImages, stored_sweep, write_pages
from jobs.sweep import Sweep
from tests.jobs.documents import document
from worker.duties.freezing import freeze_images
from worker.duties.reading import Reading
from worker.intake.fetch import Fetcher
from worker.workshop import Workshop

PICTURE = b"\x89PNG not looked at while listing"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of pictures, with texts beside them and a folder below."""
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    for name in ("boat.png", "house.JPG", "more/boat.png", "notes.pdf"):
        (folder / name).write_bytes(PICTURE)
    (folder / "boat.txt").write_text("a boat\nwith {braces}\n")
    return folder


@pytest.fixture
def shop(tmp_path: Path, pictures: Path) -> Iterator[Workshop]:
    """A worker's equipment over folders."""
    (tmp_path / "out").mkdir()
    made = Workshop(Settings(output_uri=f"file://{tmp_path}/out", input_roots=(pictures,), backend="paced",
                             max_variants=10_000))  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def view(tmp_path: Path) -> JobView:
    """The job that is planned."""
    return job_view("job", {"caller": "default", "state": "planning", "lane": "normal", "name": "", "reason": "",
                            "models": "tiny", "spec_hash": "", "results_uri": f"file://{tmp_path}/out/job/",
                            "written": "0", "created": "0", "started": "0", "finished": "0", "count": "0",
                            "total": "0", "cursor": "0", "settled": "0", "refused": "0"}, {}, [], [])  # fmt: skip


def frozen(view: JobView, shop: Workshop, **changes: Any) -> Sweep:
    """The sweep of a document, planned."""
    spec = parse_spec(document(**changes))
    assert parse_spec(json.loads(canonical_json(spec))) == spec
    return freeze_images(view, spec, shop)


def names(sweep: Sweep) -> list[str]:
    return [image.name for image in sweep.images]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", ["boat", "house", "more-boat"]),
        ("*.png", ["boat"]),
        ("*", ["boat", "boat", "house", "notes"]),
        ("**/*.png", ["boat", "more-boat"]),
        ("[bh]o*", ["boat", "boat", "house"]),
        ("mor?/", ["more-boat"]),
        ("mor?/*", ["more-boat"]),
    ],
)
def test_a_pattern_stands_for_what_it_matches(
    view: JobView, shop: Workshop, pictures: Path, pattern: str, found: list[str]
) -> None:
    sweep = frozen(view, shop, images=[f"file://{pictures}/{pattern}"], steps=[1, 2])
    assert [
        name.partition("-" if name.count("-") and "more" not in name else "\0")[0] for name in names(sweep)
    ] == found
    assert len(set(names(sweep))) == len(found)
    assert sweep.count == len(sweep) == 2 * len(found)
    assert all(image.size == len(PICTURE) and image.etag for image in sweep.images if image.uri.endswith(".png"))


def test_names_do_not_change_when_others_come_in_between(view: JobView, shop: Workshop, pictures: Path) -> None:
    before = {
        v.image.uri: (v.image.name, v.parameters.seed) for v in frozen(view, shop, images=[f"file://{pictures}/"])
    }
    (pictures / "a").mkdir()
    (pictures / "a" / "boat.png").write_bytes(PICTURE)
    after = {v.image.uri: (v.image.name, v.parameters.seed) for v in frozen(view, shop, images=[f"file://{pictures}/"])}
    assert before.items() < after.items()


def test_what_is_written_one_by_one_keeps_its_place_and_name(view: JobView, shop: Workshop, pictures: Path) -> None:
    sweep = frozen(view, shop, images=[{"uri": "https://x.example/z.png", "name": "boat"}, f"file://{pictures}/*.png",
                                       "https://x.example/boat.png"])  # fmt: skip
    assert names(sweep)[0] == "boat"
    assert [image.uri.rpartition("/")[0] for image in sweep.images] == [
        "https://x.example", f"file://{pictures}", "https://x.example"]  # fmt: skip
    assert len(set(names(sweep))) == 3


def test_texts_beside_images_fill_prompts_and_variables(view: JobView, shop: Workshop, pictures: Path) -> None:
    prompts = frozen(view, shop, images=[{"uri": f"file://{pictures}/*.png", "sidecar": "prompt"}])
    assert prompts[0].parameters.prompt == "a boat with {braces}"
    (pictures / "more" / "boat.txt").write_text("a second boat")
    said = frozen(view, shop, images=[{"uri": f"file://{pictures}/**/*.png", "sidecar": "what"}], prompt="oil: {what}")
    assert [v.parameters.prompt for v in said] == ["oil: a boat with {braces}", "oil: a second boat"]
    (pictures / "more" / "boat.txt").unlink()
    with pytest.raises(InvalidSpec, match="nothing to fill"):
        frozen(view, shop, images=[{"uri": f"file://{pictures}/**/*.png", "sidecar": "what"}], prompt="oil: {what}")


CSV = """\
image,id,custom_id,subject,strength
https://x.example/a.png,one,A 1,a boat,
https://x.example/a.png,,,a hat,0.9
"""


def test_a_tables_rows_bring_variables_and_parameters(view: JobView, shop: Workshop, pictures: Path) -> None:
    (pictures / "rows.csv").write_text(CSV)
    sweep = frozen(view, shop, images=[{"table": f"file://{pictures}/rows.csv", "set": {"steps": 9}}],
                   prompt="{subject}", strength=[0.1, 0.2], exclude=[{"strength": 0.2}])  # fmt: skip
    made = [(v.image.name, v.image.custom_id, v.parameters.prompt, v.parameters.strength) for v in sweep]
    assert made == [("one", "A 1", "a boat", 0.1), ("a", "", "a hat", 0.9)]
    assert {v.parameters.steps for v in sweep} == {9}
    assert (sweep.count, len(sweep)) == (2, 4)


def test_a_bracket_in_a_row_is_a_letter_of_a_name(view: JobView, shop: Workshop, pictures: Path) -> None:
    (pictures / "boat [1].png").write_bytes(PICTURE)
    (pictures / "rows.csv").write_text(f"image\nfile://{pictures}/boat%20[1].png\n")

    by_row = frozen(view, shop, images=[{"table": f"file://{pictures}/rows.csv"}])
    by_line = frozen(view, shop, images=[f"file://{pictures}/boat%20[[]1[]].png"])

    assert [(one.name, one.size) for one in by_row.images] == [("boat-1", len(PICTURE))]
    assert [(one.name, one.size) for one in by_line.images] == [("boat-1", len(PICTURE))]


def test_a_table_and_what_its_rows_point_at_are_pinned(
    view: JobView, shop: Workshop, pictures: Path, tmp_path: Path
) -> None:
    rows = (
        f"image\nfile://{pictures}/boat.png\nhttps://x.example/a.png\nfile://{pictures}/none.png\nfile:///etc/x.png\n"
    )
    (pictures / "rows.csv").write_text(rows)

    sweep = frozen(view, shop, images=[{"table": f"file://{pictures}/rows.csv"}])
    index = Index.read((tmp_path / "out" / "job" / "images.json").read_bytes())

    (pin,) = index.tables
    assert (pin.uri, pin.size) == (f"file://{pictures}/rows.csv", len(rows))
    assert pin.sha256 == hashlib.sha256(rows.encode()).hexdigest()
    assert pin.etag
    assert [(image.size, bool(image.etag)) for image in sweep.images] == [
        (len(PICTURE), True), (-1, False), (-1, False), (-1, False)]  # fmt: skip


def test_a_table_that_changes_while_it_is_read_is_read_again(
    shop: Workshop, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pictures / "rows.csv"
    table.write_text("image\nhttps://x.example/a.png\n")
    read, versions = Fetcher.fetch, iter([b"image\nb.png\n", b"image\nlonger.png\n"])

    def changing(self: Fetcher, uri: str, **rest: Any) -> bytes:
        if (later := next(versions, None)) is not None:
            table.write_bytes(later)
        return read(self, uri, **rest)

    monkeypatch.setattr(Fetcher, "fetch", changing)
    data, pin = Reading(shop.intake, "default").table(f"file://{table}")

    assert (data, pin.size) == (b"image\nlonger.png\n", len(data))


@pytest.mark.parametrize(("rows", "line", "message"), [
    ('{"image": "https://x.example/a.png", "strength": 3}', 1, "number from 0 to 1"),
    ('{"image": "https://x.example/a.png", "x": "1"}\n{"image": "https://x.example/a.png"}', 2, "nothing to fill {x}"),
    ('{"image": "a.png", "x": "1"}', 1, "single images that are read here"),
    ('{"image": "s3://bucket/*.png", "x": "1"}', 1, "single images that are read here"),
    ('{"image": "https://x.example/a.png", "x": "1", "model": "sdxl"}', 1, "not one of the manifest's"),
    ('{"image": "https://x.example/a.png", "x": "1", "style_preset": "nope"}', 1, "is no style preset"),
    ('{"image": "https://x.example/a.png", "x": "1", "id": "k"}\n' * 2, 2, "earlier image has this name"),
    ('{"image": "https://x.example/a.png", "x": "1", "custom_id": "k/"}\n' * 2, 2, "earlier row has this custom_id"),
    ('{"image": "https://x.example/a.png", "x": "1", "prompt": "{y}"}', 1, "nothing to fill {y}"),
    ('{"image": "https://x.example/a.png", "x": "1", "prompt": "{a|b}"}', 1, "no axis here"),
    ('{"image": "https://x.example/a.png", "x": "1", "sku": "9", "strenght": 0.3}', 1, "no prompt uses {strenght}"),
    ('{"image": }', 1, "not JSON"),
    ("", None, "stands for no image at all"),
])  # fmt: skip
def test_a_bad_row_is_told_with_its_line(
    view: JobView, shop: Workshop, pictures: Path, rows: str, line: int | None, message: str
) -> None:
    (pictures / "rows.jsonl").write_text(rows)
    with pytest.raises(InvalidSpec) as invalid:
        frozen(view, shop, images=[{"table": f"file://{pictures}/rows.jsonl"}], prompt="{x}")
    assert message in invalid.value.problems[0].message
    assert invalid.value.problems[0].line == line


def test_too_many_variants_are_refused_with_their_count(view: JobView, shop: Workshop, pictures: Path) -> None:
    with pytest.raises(TooLarge, match="15000 variants, above the bound of 10000"):
        frozen(view, shop, images=[f"file://{pictures}/"], cfg_scale={"linspace": [1, 5, 5000]})


def test_nothing_matching_and_foreign_places_are_refused(view: JobView, shop: Workshop, pictures: Path) -> None:
    with pytest.raises(InvalidSpec, match="stands for no image at all"):
        frozen(view, shop, images=[f"file://{pictures}/*.webp"])
    with pytest.raises(ForbiddenUri):
        frozen(view, shop, images=["file:///etc/*.png"])


def test_an_object_that_changed_is_not_rendered(shop: Workshop, view: JobView, pictures: Path) -> None:
    (image,) = frozen(view, shop, images=[f"file://{pictures}/*.png"]).images
    fetcher = Fetcher(shop.storage, shop.settings)
    assert fetcher.fetch(image.uri, caller="default", size=image.size, etag=image.etag) == PICTURE
    (pictures / "boat.png").write_bytes(PICTURE[::-1])
    with pytest.raises(ImageChanged, match="has changed since the job was planned"):
        fetcher.fetch(image.uri, caller="default", size=image.size, etag=image.etag)
    (pictures / "boat.png").write_bytes(PICTURE + b"x")
    with pytest.raises(ImageChanged):
        fetcher.fetch(image.uri, caller="default", size=image.size)


def test_a_listing_never_lies_in_memory(shop: Workshop, tmp_path: Path) -> None:
    count = 30 * PAGE
    results = f"file://{tmp_path}/out/many/"
    tracemalloc.start()
    images = (ImageSpec(f"s3://bucket/images/{k:09d}.png", f"{k:09d}", size=k, etag="e" * 32) for k in range(count))
    assert write_pages(shop.storage, results, "x", images) == count
    read: list[int] = []

    def page(number: int) -> bytes:
        read.append(number)
        return shop.storage.read(f"{results}images/x/{number:06d}.jsonl", limit=1 << 20)

    listed = ListedImages(count, page)
    assert [listed[k].size for k in (0, count - 1, 17 * PAGE)] == [0, count - 1, 17 * PAGE]
    assert sum(1 for _ in listed) == count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (PAGES_KEPT + 12) * PAGE * 400
    assert len(read) == 30 + 2


def test_a_folder_that_the_caller_may_not_read_is_not_even_listed(
    view: JobView, shop: Workshop, tmp_path: Path
) -> None:
    theirs = tmp_path / "out" / "bob"
    theirs.mkdir()
    (theirs / "secret.png").write_bytes(PICTURE)

    with pytest.raises(ForbiddenUri, match="does not lie below"):
        frozen(view, shop, images=[f"file://{theirs}/*.png"])


def test_settings_come_back_from_a_listing_as_they_went(shop: Workshop, tmp_path: Path) -> None:
    made = parse_spec(
        document(
            images=[
                {
                    "uri": "s3://bucket/a.png",
                    "custom_id": "ü 1",
                    "set": {"prompt": [{"text": "a", "weight": 2}, {"text": "b"}], "strength": 0.25, "fit": "contain"},
                },
                "s3://bucket/b.png",
            ]
        )
    )
    results = f"file://{tmp_path}/out/some/"
    assert write_pages(shop.storage, results, "x", Sweep(made).images) == 2
    shop.storage.write(
        f"{results}images.json", Index("x", 2, 2, bare=False).text(), "application/json", if_absent=False
    )
    spec = parse_spec(document(images=["s3://bucket/*.png"]))
    assert tuple(stored_sweep(shop.storage, results, spec).images) == tuple(Sweep(made).images)
