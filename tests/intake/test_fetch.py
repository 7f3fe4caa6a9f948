"""Who may read what, which faults are tried again here, and that a sweep fetches an image once."""

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.errors import BadImage, ForbiddenUri, ImageNotFound, TooLarge, Unreachable
from jobs.settings import Settings
from jobs.storage import open_storage
from jobs.uris import parse_s3, upload_uri
from tests.intake import pages
from tests.intake.pages import Site
from worker.intake import Intake
from worker.intake.fetch import Fetcher


@pytest.fixture
def site() -> Iterator[Site]:
    with pages.serving() as running:
        yield running


def _png(width: int = 40, height: int = 24) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Results and two input folders, only one of which is listed, as plain files; private addresses may be fetched."""
    for name in ("out", "listed", "unlisted"):
        (tmp_path / name).mkdir()
    return Settings.model_validate(
        {
            "output_uri": f"file://{tmp_path}/out",
            "input_roots": (tmp_path / "listed",),
            "fetch_private": True,
            "max_image_bytes": 10_000,
        }
    )


def _fetcher(settings: Settings, waits: list[float] | None = None) -> Fetcher:
    naps = [] if waits is None else waits
    return Fetcher(open_storage(settings), settings, sleep=naps.append, jitter=lambda: 0.5)


def test_a_file_below_a_listed_root_is_read_and_any_other_is_not(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "listed" / "a b.png").write_bytes(b"mine")
    (tmp_path / "unlisted" / "a.png").write_bytes(b"not mine")
    (tmp_path / "listed" / "link.png").symlink_to(tmp_path / "unlisted" / "a.png")
    fetcher = _fetcher(settings)

    assert fetcher.fetch(f"file://{tmp_path}/listed/a b.png", caller="ann") == b"mine"
    assert fetcher.fetch(f"file://{tmp_path}/listed/a%20b.png", caller="ann") == b"mine"
    for path in ("unlisted/a.png", "listed/link.png", "listed/../unlisted/a.png"):
        with pytest.raises(ForbiddenUri):
            fetcher.fetch(f"file://{tmp_path}/{path}", caller="ann")


def test_a_caller_may_read_their_own_results_and_nobody_elses(settings: Settings) -> None:
    storage, fetcher = open_storage(settings), _fetcher(settings)
    uri = f"{settings.output_uri}/ann/job-1/picture.png"
    storage.write(uri, b"ann's", "image/png", if_absent=True)

    assert fetcher.fetch(uri, caller="ann") == b"ann's"
    for other in ("bob", "an", "ann-2"):
        with pytest.raises(ForbiddenUri):
            fetcher.fetch(uri, caller=other)


def test_a_bucket_is_read_only_if_it_is_listed() -> None:
    settings = Settings.model_validate({"output_uri": "s3://results", "input_buckets": "catalogue, archive"})
    fetcher = _fetcher(settings)

    for uri in ("s3://results/bob/a.png", "s3://others/a.png", "s3://results@evil/a.png"):
        with pytest.raises(ForbiddenUri) as caught:
            fetcher.fetch(uri, caller="ann")
        assert caught.value.remedy
    for uri in ("s3://catalogue/a.png", "s3://archive/a.png", "s3://results/ann/a.png"):
        fetcher.check(parse_s3(uri), caller="ann")


def test_an_upload_is_its_callers_own_and_has_the_bytes_that_its_name_says(settings: Settings) -> None:
    storage, fetcher = open_storage(settings), _fetcher(settings)
    data = _png()
    sha256 = hashlib.sha256(data).hexdigest()
    storage.write(upload_uri(settings.output_uri, "ann", sha256), data, "image/png", if_absent=True)
    storage.write(upload_uri(settings.output_uri, "ann", "0" * 64), data, "image/png", if_absent=True)

    assert fetcher.fetch(f"upload://{sha256}", caller="ann") == data
    with pytest.raises(ImageNotFound):
        fetcher.fetch(f"upload://{sha256}", caller="bob")
    with pytest.raises(BadImage, match="other bytes"):
        fetcher.fetch(f"upload://{'0' * 64}", caller="ann")


def test_a_passing_fault_is_waited_out_in_place(settings: Settings, site: Site) -> None:
    site.pages["/a.png"] = pages.in_turn(pages.status(503), pages.broken_off(b"half"), pages.body(b"picture"))
    waits: list[float] = []

    found = _fetcher(settings, waits).fetch(site.url("/a.png"), caller="ann")

    assert found == b"picture"
    assert waits == [0.4, 0.8]


def test_a_lasting_fault_is_given_back_after_three_attempts(settings: Settings, site: Site) -> None:
    site.pages["/a.png"] = pages.status(503)

    with pytest.raises(Unreachable, match="503, 3 times") as caught:
        _fetcher(settings).fetch(site.url("/a.png"), caller="ann")

    assert caught.value.retryable
    assert len(site.seen) == 3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(pages.status(404), ImageNotFound), (pages.status(403), ForbiddenUri), (pages.body(b"x" * 10_001), TooLarge)],
)
def test_the_callers_faults_are_not_tried_again(
    settings: Settings, site: Site, answer: pages.Answer, kind: type[Exception]
) -> None:
    site.pages["/a.png"] = answer

    with pytest.raises(kind):
        _fetcher(settings).fetch(site.url("/a.png"), caller="ann")

    assert len(site.seen) == 1


def test_no_error_shows_a_signature(settings: Settings, site: Site) -> None:
    with pytest.raises(ImageNotFound) as caught:
        _fetcher(settings).fetch(site.url("/a.png?X-Amz-Signature=canary"), caller="ann")

    assert "canary" not in f"{caught.value} {caught.value.remedy}"


def _ask(
    intake: Intake, uri: str, *, caller: str = "ann", job: str = "j1", width: int | None = None
) -> tuple[int, ...]:
    found = intake.init_image(
        uri, caller=caller, width=width, height=None, multiple=8, max_pixels=1 << 20, mode="cover", job=job
    )
    return found.pixels.shape


def test_an_init_image_comes_fitted_with_its_hash_and_original_size(settings: Settings, site: Site) -> None:
    data = _png(43, 24)
    site.pages["/a.png"] = pages.body(data)

    found = Intake(open_storage(settings), settings).init_image(
        site.url("/a.png"), caller="ann", width=None, height=None, multiple=8, max_pixels=1 << 20, mode="cover"
    )

    assert found.pixels.shape == (24, 40, 3)
    assert found.pixels.dtype == np.uint8
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.original_size == (43, 24)


def test_a_sweep_fetches_an_init_image_once_even_from_many_threads(settings: Settings, site: Site) -> None:
    site.pages["/a.png"] = pages.body(_png())
    intake = Intake(open_storage(settings), settings)

    with ThreadPoolExecutor(8) as pool:
        shapes = set(pool.map(lambda _: _ask(intake, site.url("/a.png")), range(24)))

    assert shapes == {(24, 40, 3)}
    assert len(site.seen) == 1


def test_another_job_or_caller_never_gets_what_somebody_else_fetched(settings: Settings, site: Site) -> None:
    site.pages["/a.png"] = pages.body(_png())
    intake = Intake(open_storage(settings), settings)

    _ask(intake, site.url("/a.png"))
    _ask(intake, site.url("/a.png"), job="j2")
    _ask(intake, site.url("/a.png"), caller="bob")

    assert len(site.seen) == 3


def test_a_bad_picture_is_named_by_its_uri(settings: Settings, site: Site) -> None:
    site.pages["/a.png"] = pages.body(b"<html>")

    with pytest.raises(BadImage, match=r"/a\.png.*not a PNG"):
        _ask(Intake(open_storage(settings), settings), site.url("/a.png"))
