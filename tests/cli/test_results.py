"""Every picture is fetched at most once, has the right bytes, and lies where its key says."""

import hashlib
import json
from pathlib import Path

import pytest

from api.cli.answers import Job, Record
from api.cli.client import Client
from api.cli.download import download, place
from api.cli.exits import EXITS, OK, USAGE
from jobs.errors import CallersFault, StorageUnavailable
from tests.cli.conftest import Canned, Cli, a_job, saying

PICTURES = {f"boot/{index}.png": f"picture {index}".encode() for index in range(5)}


def _records(canned: Canned) -> list[dict[str, object]]:
    return [
        {
            "index": index, "state": "settled", "image": "boot", "seed": 7, "size": len(data),
            "key": f"s3://out/default/j1/{name}", "link": f"{canned.url}/store/{name}?signature=abc",
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        for index, (name, data) in enumerate(PICTURES.items())
    ]  # fmt: skip


@pytest.fixture
def finished(canned: Canned) -> Canned:
    """An API with a finished job of five pictures and a refused sixth, in two pages, and a store that has them."""
    refused = {"index": 5, "state": "refused", "image": "shoe", "error": {"code": "bad_image", "message": "truncated"}}
    records = _records(canned)
    canned.json("GET", "/v1/jobs/j1", a_job(state="partial", count=6, settled=5, refused=1))
    first, second = {"records": records[:3], "next_cursor": "c3"}, {"records": [*records[3:], refused]}
    canned.on("GET", "/v1/jobs/j1/results", lambda call: call.say(200, second if "cursor=c3" in call.path else first))
    for name, data in PICTURES.items():
        canned.on("GET", f"/store/{name}", saying(200, data))
    return canned


def _files(folder: Path) -> dict[str, bytes]:
    """The pictures; what lies beside them has a test of its own."""
    found = (path for path in folder.rglob("*.png") if path.name != "sheet.png")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_pictures_are_fetched_to_where_their_keys_say(cli: Cli, finished: Canned, tmp_path: Path) -> None:
    ran = cli("results", "j1", "--download", "pictures", "--api", finished.url, "--json")

    assert ran.json == {"folder": "pictures", "fetched": 5, "kept": 0, "failed": [], "beside": ["results.jsonl"]}
    assert _files(tmp_path / "pictures") == PICTURES


def test_a_downloaded_folder_says_which_file_is_which_and_what_made_them(
    cli: Cli, finished: Canned, tmp_path: Path
) -> None:
    finished.on("GET", "/v1/jobs/j1/manifest", saying(200, b'{"model": "demo"}'))
    finished.on("GET", "/v1/jobs/j1/sheet", saying(200, b"a sheet"))

    ran = cli("results", "j1", "--download", "pictures", "--api", finished.url)

    folder = tmp_path / "pictures"
    lines = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    assert {line["file"] for line in lines if line["state"] == "settled"} == set(PICTURES)
    assert [line["error"]["code"] for line in lines if line["state"] == "refused"] == ["bad_image"]
    assert "signature" not in (folder / "results.jsonl").read_text()
    assert (folder / "manifest.json").read_bytes() == b'{"model": "demo"}'
    assert (folder / "sheet.png").read_bytes() == b"a sheet"
    assert "results.jsonl, manifest.json, sheet.png" in ran.out


def test_a_folder_that_cannot_be_written_is_named(cli: Cli, finished: Canned, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    ran = cli("results", "j1", "--download", "file/pictures", "--api", finished.url)

    assert ran.code == EXITS[CallersFault]
    assert ran.err.startswith("error: file/pictures: Not a directory")


def test_a_second_download_fetches_only_what_is_not_there_or_not_right(
    cli: Cli, finished: Canned, tmp_path: Path
) -> None:
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/0.png").write_bytes(PICTURES["boot/0.png"])
    (tmp_path / "boot/1.png").write_bytes(PICTURES["boot/1.png"][:-1])

    ran = cli("results", "j1", "--download", ".", "--api", finished.url, "--json")

    assert (ran.json["fetched"], ran.json["kept"]) == (4, 1)
    assert _files(tmp_path) == PICTURES
    assert not any("boot/0.png" in call for call in finished.calls)


def test_wrong_bytes_never_become_a_file_and_the_rest_is_fetched(
    cli: Cli, finished: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cli.download.TRIES", 1)
    finished.on("GET", "/store/boot/2.png", lambda call: call.say(200, b"something else"))
    finished.on("GET", "/store/boot/4.png", lambda call: call.say(403, b"expired"))

    ran = cli("results", "j1", "--download", "pictures", "--api", finished.url)

    assert ran.code == EXITS[StorageUnavailable]
    assert "2 of 5 pictures could not be fetched" in ran.err
    assert "boot/2.png: its bytes have the sha256" in ran.err
    assert "boot/4.png: storage answered with status 403" in ran.err
    assert "signature" not in ran.err
    assert set(_files(tmp_path / "pictures")) == {"boot/0.png", "boot/1.png", "boot/3.png"}


def test_a_store_that_fails_once_is_asked_again(finished: Canned, tmp_path: Path) -> None:
    data = PICTURES["boot/3.png"]
    finished.on("GET", "/store/boot/3.png", lambda call: call.say(500, b""), lambda call: call.say(200, data))

    with Client(finished.url) as client:
        tally = download(client, client.job("j1"), tmp_path, on_file=lambda: None, pause_seconds=0)

    assert len(tally.fetched) == 5
    assert not tally.failed


@pytest.mark.parametrize("key", ["s3://out/default/j1/../../x.png", "s3://out/default/j1/a\x00.png", "s3://out", ""])
def test_no_key_leads_out_of_the_folder(key: str) -> None:
    job, record = Job.model_validate(a_job()), Record(index=0, key=key)

    with pytest.raises(ValueError, match="no place below a folder"):
        place(record, job)


def test_a_key_outside_the_jobs_folder_keeps_its_path() -> None:
    job, record = Job.model_validate(a_job()), Record(index=0, key="s3://elsewhere/sets/a.png")

    assert str(place(record, job)) == "sets/a.png"


def test_failed_lists_the_refused_alone_with_the_reason(cli: Cli, finished: Canned) -> None:
    ran = cli("results", "j1", "--failed", "--api", finished.url)

    assert ran.code == OK
    assert [line.split() for line in ran.out.splitlines()] == [
        ["index", "image", "why"],
        ["5", "shoe", "bad_image:", "truncated"],
    ]


def test_a_download_takes_everything_or_says_so(cli: Cli) -> None:
    ran = cli("results", "j1", "--download", "x", "--failed")

    assert ran.code == USAGE


@pytest.mark.parametrize(("flag", "mark"), [("--starred", "star"), ("--rejected", "reject")])
@pytest.mark.parametrize("download", [[], ["--download", "best"]])
def test_only_marked_pictures_are_asked_for(
    cli: Cli, finished: Canned, flag: str, mark: str, download: list[str]
) -> None:
    ran = cli("results", "j1", flag, *download, "--api", finished.url, "--json")

    assert ran.code == OK
    asked = [call for call in finished.calls if "/results" in call]
    assert asked
    assert all(f"mark={mark}" in call for call in asked)


def test_pictures_are_listed_by_one_thing_at_a_time(cli: Cli) -> None:
    ran = cli("results", "j1", "--starred", "--failed")

    assert ran.code == USAGE
