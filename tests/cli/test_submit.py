"""A manifest becomes one job, with the pictures of this machine that it names, or nothing at all."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

from api.cli import confirm
from api.cli.exits import EXITS, OK, USAGE
from jobs.errors import InvalidSpec
from tests.cli.conftest import Call, Canned, Cli, a_job, saying

MANIFEST = """\
name: autumn
images:
  - pictures/boot.png
  - pictures/same.png
  - uri: pictures/shoe.png
    name: the-shoe
  - s3://pentimento/hat.png
model: tiny
prompt: a crayon drawing
"""


class Sent:
    """What reached the API."""

    def __init__(self, canned: Canned) -> None:
        self.canned = canned
        self.uploads: list[bytes] = []
        self.specs: list[dict[str, object]] = []
        self.keys: list[str | None] = []
        canned.on("POST", "/v1/uploads", self.upload)
        canned.on("POST", "/v1/jobs", self.submit)

    def upload(self, call: Call) -> None:
        """Store by content, as the real one does."""
        sha256 = hashlib.sha256(call.body).hexdigest()
        self.uploads.append(call.body)
        call.say(201, {"uri": f"upload://{sha256}", "sha256": sha256, "size": len(call.body)})

    def submit(self, call: Call) -> None:
        """Accept; the same key again is no new job."""
        key = call.headers["Idempotency-Key"]
        self.specs.append(json.loads(call.body))
        status = 200 if key in self.keys else 201
        self.keys.append(key)
        call.say(status, a_job(state="planning"))


@pytest.fixture
def sent(canned: Canned) -> Sent:
    """An API that accepts everything."""
    return Sent(canned)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A manifest in a folder of its own, with its pictures, two of them equal."""
    (tmp_path / "set/pictures").mkdir(parents=True)
    (tmp_path / "set/autumn.yaml").write_text(MANIFEST)
    for name, data in (("boot", b"boot"), ("same", b"boot"), ("shoe", b"shoe")):
        (tmp_path / f"set/pictures/{name}.png").write_bytes(data)
    return tmp_path / "set"


def test_local_pictures_are_sent_once_each_and_named_by_their_content(cli: Cli, sent: Sent, folder: Path) -> None:
    ran = cli("submit", "set/autumn.yaml", "--api", sent.canned.url)

    assert (ran.code, ran.out) == (OK, "j1\n")
    assert sorted(sent.uploads) == [b"boot", b"shoe"]
    boot, shoe = (f"upload://{hashlib.sha256(data).hexdigest()}" for data in (b"boot", b"shoe"))
    (spec,) = sent.specs
    images = spec["images"]
    assert isinstance(images, list)
    assert [image["uri"] for image in images] == [boot, boot, shoe, "s3://pentimento/hat.png"]
    assert [image.get("name") for image in images] == ["boot", "same", "the-shoe", None]


def test_pictures_within_a_manifest_are_sent_along_and_named_by_their_content(
    cli: Cli, sent: Sent, tmp_path: Path
) -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(600_000)  # more than an API takes within a spec
    uri = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    (tmp_path / "inline.json").write_text(json.dumps({"images": [uri], "model": "tiny", "prompt": "a boat"}))

    ran = cli("submit", "inline.json", "--api", sent.canned.url)

    assert ran.code == OK, ran.err
    assert sent.uploads == [png]
    assert sent.specs[0]["images"] == [{"uri": f"upload://{hashlib.sha256(png).hexdigest()}"}]


def test_all_missing_pictures_are_named_at_once_with_their_lines(cli: Cli, sent: Sent, folder: Path) -> None:
    (folder / "pictures/boot.png").unlink()
    (folder / "pictures/shoe.png").unlink()

    ran = cli("submit", "set/autumn.yaml", "--api", sent.canned.url)

    assert (ran.code, ran.out) == (EXITS[InvalidSpec], "")
    assert ran.err.startswith("error: set/autumn.yaml has 2 problems\n")
    assert "  line 3, images[0].uri: no such file\n    got:    pictures/boot.png\n" in ran.err
    assert "  line 5, images[2].uri: no such file\n    got:    pictures/shoe.png\n" in ran.err
    assert f"relative to the manifest's folder, {folder}" in ran.err
    assert not sent.canned.calls


def test_a_bad_manifest_is_refused_before_anything_is_sent(cli: Cli, sent: Sent, folder: Path) -> None:
    (folder / "autumn.yaml").write_text(MANIFEST + "strenght: 0.5\nsteps: many\n")

    ran = cli("submit", "set/autumn.yaml", "--api", sent.canned.url)

    assert ran.code == EXITS[InvalidSpec]
    assert "line 10, strenght" in ran.err
    assert "Did you mean strength?" in ran.err
    assert "line 11, steps" in ran.err
    assert not sent.canned.calls


def test_the_same_key_is_the_same_job_and_says_so(cli: Cli, sent: Sent, folder: Path) -> None:
    first = cli("submit", "set/autumn.yaml", "--idempotency-key", "k", "--api", sent.canned.url, "--json")
    again = cli("submit", "set/autumn.yaml", "--idempotency-key", "k", "--api", sent.canned.url, "--json")

    assert (first.json["created"], again.json["created"]) == (True, False)
    assert sent.keys == ["k", "k"]


def test_without_a_key_each_submit_is_its_own_job(cli: Cli, sent: Sent, folder: Path) -> None:
    for _ in range(2):
        cli("submit", "set/autumn.yaml", "--api", sent.canned.url)

    assert len(set(sent.keys)) == 2
    assert all(sent.keys)


def test_a_submit_whose_answer_was_lost_is_repeated_under_its_key(cli: Cli, sent: Sent, folder: Path) -> None:
    sent.canned.on(
        "POST", "/v1/jobs", saying(503, {"code": "ledger_unavailable", "detail": "Redis is away"}), sent.submit
    )

    ran = cli("submit", "set/autumn.yaml", "--idempotency-key", "k", "--api", sent.canned.url)

    assert ran.code == OK
    assert sent.keys == ["k"]


def test_a_manifest_may_come_from_stdin(cli: Cli, sent: Sent) -> None:
    text = "images: [s3://pentimento/hat.png]\nmodel: tiny\nprompt: a hat\n"

    ran = cli("submit", "-", "--api", sent.canned.url, "--json", stdin=text)

    assert ran.code == OK
    assert sent.specs[0]["prompt"] == "a hat"


def test_a_huge_job_needs_a_yes(cli: Cli, sent: Sent) -> None:
    text = "images: [s3://pentimento/hat.png]\nmodel: tiny\nprompt: a hat\nsteps: {range: [1, 200, 1]}\nsamples: 100\n"

    unsure = cli("submit", "-", "--api", sent.canned.url, stdin=text)
    sure = cli("submit", "-", "--yes", "--api", sent.canned.url, stdin=text)

    assert unsure.code == USAGE
    assert "20,000 pictures; add --yes" in unsure.err
    assert sure.code == OK
    assert len(sent.specs) == 1


OPEN = "images: [s3://pentimento/*.png]\nmodel: tiny\nprompt: a hat\n"


def test_a_job_whose_pictures_the_farm_counts_waits_above_the_bound(cli: Cli, sent: Sent) -> None:
    ran = cli("submit", "-", "--api", sent.canned.url, stdin=OPEN)
    sure = cli("submit", "-", "--yes", "--api", sent.canned.url, stdin=OPEN)

    assert (ran.code, sure.code) == (OK, OK)
    assert "With more than 10,000 pictures it waits for: pentimento resume j1" in ran.err
    assert [spec["run"] for spec in sent.specs] == [
        {"priority": "normal", "confirm_above": 10_000}, {"priority": "normal"}]  # fmt: skip


@pytest.mark.parametrize(("said", "code", "verb"), [("y\n", OK, "resume"), ("n\n", USAGE, "cancel")])
def test_somebody_at_a_terminal_is_asked_once_the_farm_has_counted(
    cli: Cli, sent: Sent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, code: int, verb: str
) -> None:
    (tmp_path / "m.yaml").write_text(OPEN)
    monkeypatch.setattr(confirm, "_someone", lambda _: True)
    monkeypatch.setattr(confirm, "LOOK_SECONDS", 0.01)
    sent.canned.json("GET", "/v1/jobs/j1", a_job(state="planning"), a_job(state="paused", count=20_000))
    sent.canned.json("POST", f"/v1/jobs/j1/{verb}", a_job())

    ran = cli("submit", "m.yaml", "--api", sent.canned.url, stdin=said)

    assert ran.code == code
    assert "This job makes 20,000 pictures. Go on?" in ran.err
    assert sent.canned.calls[-1] == f"POST /v1/jobs/j1/{verb}"


def test_nobody_watches_a_job_that_waits_to_be_confirmed(cli: Cli, sent: Sent) -> None:
    sent.canned.json("GET", "/v1/jobs/j1", a_job(state="paused", count=20_000))

    ran = cli("submit", "-", "--watch", "--api", sent.canned.url, stdin=OPEN)

    assert ran.code == USAGE
    assert "makes 20,000 pictures and waits for: pentimento resume j1" in ran.err


def test_a_manifest_that_is_not_there_is_a_usage_error(cli: Cli) -> None:
    ran = cli("submit", "nowhere.yaml")

    assert ran.code == USAGE
    assert "nowhere.yaml" in ran.err
