"""The manifest's own commands: lint, schema, init, import-prompts, and images of this machine by pattern or table."""

import hashlib
import json
import struct
from pathlib import Path

import pytest

from api.cli.exits import EXITS, OK, USAGE
from jobs.errors import InvalidSpec
from jobs.manifest import parse_manifest
from tests.cli.conftest import Call, Canned, Cli, a_job

JOB = "0" * 26
GOOD = "images: [s3://pentimento/boot.png]\nmodel: tiny\nprompt: a boot\nstrength: [0.3, 0.6]\n"


def png(width: int, height: int) -> bytes:
    """As much of a PNG as says its size."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x02\0\0\0" + b"\0" * 4


def test_lint_says_how_many_pictures_a_good_manifest_makes(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(GOOD)

    assert cli("lint", "m.yaml").out == "m.yaml: 2 pictures\n"
    assert cli("lint", "m.yaml", "-S", "strength=0.3", "--json").json == {"count": 1, "warnings": []}
    assert cli("lint", "-", "-S", "steps=[1, 2, 3]", stdin=GOOD).out == "-: 6 pictures\n"


def test_lint_tells_everything_that_is_wrong_with_its_lines(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(GOOD.replace("strength", "strenght") + "steps: 0\n")

    ran = cli("lint", "m.yaml")

    assert ran.code == EXITS[InvalidSpec]
    assert "line 4, strenght: strenght is not a key here" in ran.err
    assert "line 5, steps: must be a whole number" in ran.err
    assert "Did you mean strength?" in ran.err


def test_work_that_changes_nothing_is_a_warning(cli: Cli) -> None:
    ran = cli("lint", "-", "-S", "steps=2", stdin=GOOD)

    assert "warning: strength 0.3 × steps 2 is below one step" in ran.err
    assert ran.code == OK


def test_the_schema_is_json(cli: Cli) -> None:
    assert cli("schema").json["title"] == "pentimento job"


def test_init_writes_an_example_that_is_a_manifest_and_never_over_another_file(cli: Cli, tmp_path: Path) -> None:
    assert cli("init").code == OK
    text = (tmp_path / "sweep.yaml").read_text()
    assert parse_manifest(text, source="sweep.yaml").name == "demo"
    assert text.count("#") > 15
    assert cli("init", "-").out == text
    (tmp_path / "sweep.yaml").write_text("mine")
    assert cli("init").code == USAGE
    assert (tmp_path / "sweep.yaml").read_text() == "mine"


def test_prompt_lines_become_a_manifest_that_can_be_planned(cli: Cli, tmp_path: Path) -> None:
    ran = cli("import-prompts", "-", "--image", "s3://pentimento/a.png", "--model", "tiny",
              stdin='a boat\n--prompt "a house" --seed 7\n')  # fmt: skip
    (tmp_path / "m.json").write_text(ran.out)

    assert cli("plan", "m.json", "--json").json["count"] == 2
    assert cli("import-prompts", "-", "--image", "a", "--model", "tiny", stdin="--steps 3").code == EXITS[InvalidSpec]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of pictures with a text and a table beside them."""
    folder = tmp_path / "pics"
    (folder / "more").mkdir(parents=True)
    for name, size in {"boat": (1000, 700), "house": (512, 512), "more/hat": (64, 64)}.items():
        (folder / f"{name}.png").write_bytes(png(*size))
        (folder / f"{name}.txt").write_text(f"a {name[-4:]}\n")
    (folder / ".hidden.png").write_bytes(png(1, 1))
    (folder / "rows.csv").write_text("image,id,subject\nboat.png,one,a boat\n../pics/house.png,,a house\n")
    return folder


@pytest.mark.parametrize(("images", "names"), [
    ("pics/", ["boat", "house", "more-hat"]), ("pics/*.png", ["boat", "house"]),
    ("{uri: 'pics/**/*.png', sidecar: subject}", ["boat", "house", "more-hat"]),
    ("{table: pics/rows.csv}", ["one", "house"]),
    ("s3://bucket/boat.png, pics/b*.png", ["boat", "boat-2"]),
])  # fmt: skip
def test_images_of_this_machine_are_found_by_pattern_folder_and_table(
    cli: Cli, pictures: Path, images: str, names: list[str]
) -> None:
    assert pictures.is_dir()
    prompt = "oil: {subject}" if "subject" in images or "table" in images else "oil"
    ran = cli("plan", "-", "--json", stdin=f"images: [{images}]\nmodel: tiny\nprompt: '{prompt}'\n")

    variants = ran.json["variants"]
    assert isinstance(variants, list)
    assert sorted(variant["image"]["name"] for variant in variants) == sorted(names)
    assert ran.code == OK


def test_any_name_that_a_file_can_have_is_taken(cli: Cli, tmp_path: Path) -> None:
    odd = ["a b", "ä#ö", "100%", "x%20y", "🎨", "q'u\"o", "[1]", "st*r", "wh?", "c,d;e", "{f}", "日本", "xy: z"]
    (tmp_path / "odd" / "deep" / "er").mkdir(parents=True)
    for name in (*odd, "deep/er/a b"):
        (tmp_path / "odd" / f"{name}.png").write_bytes(png(64, 64))
    (tmp_path / "xy: z.png").write_bytes(png(64, 64))

    ran = cli("plan", "-", "--json", "--show", "99", stdin="images: [odd/]\nmodel: tiny\nprompt: x\n")
    named = cli("plan", "-", "--json", stdin="images: ['odd/[1].png', 'x*.png']\nmodel: tiny\nprompt: x\n")

    images = [variant["image"] for variant in ran.json["variants"]]  # type: ignore[attr-defined]
    assert {image["uri"] for image in images} == {f"odd/{name}.png" for name in (*odd, "deep/er/a b")}
    assert len({image["name"] for image in images}) == len(odd) + 1
    assert [variant["image"]["uri"] for variant in named.json["variants"]] == ["odd/[1].png", "./xy: z.png"]  # type: ignore[attr-defined]
    assert (ran.code, named.code) == (OK, OK)


def test_a_line_of_the_text_is_not_blamed_for_what_the_command_line_says(cli: Cli) -> None:
    ran = cli("lint", "-", "-S", "strenght=1", "-S", "run.priority=hig", stdin=f"{GOOD}stepz: 3\n")

    assert "\n  strenght: strenght is not a key here" in ran.err
    assert "\n  run.priority: is no priority" in ran.err
    assert "\n  line 5, stepz: " in ran.err


@pytest.mark.parametrize(("images", "message"), [
    ("pics/*.webp", "stands for no image at all"), ("nowhere/", "stands for no image at all"),
    ("{table: pics/none.csv}", "no such table"), ("{uri: pics/, sidecar: x}", "nothing to fill {y}"),
])  # fmt: skip
def test_a_line_that_stands_for_nothing_is_told(cli: Cli, pictures: Path, images: str, message: str) -> None:
    assert pictures.is_dir()
    ran = cli("plan", "-", stdin=f"images: [{images}]\nmodel: tiny\nprompt: '{{x}} {{y}}'\nmatrix: {{x: [a]}}\n"
              if "sidecar" not in images else f"images: [{images}]\nmodel: tiny\nprompt: '{{x}}{{y}}'\n"
              "include: [{y: z}]\n")  # fmt: skip

    assert ran.code == EXITS[InvalidSpec]
    assert message in ran.err or "fills {y}" in ran.err


def test_a_plan_says_what_becomes_of_sizes_and_how_much_is_stored(cli: Cli, pictures: Path) -> None:
    assert pictures.is_dir()
    ran = cli("plan", "-", "--json", stdin="images: [pics/]\nmodel: tiny\nprompt: x\nfit: contain\n")

    assert ran.json["warnings"] == ["boat: 1000 × 700 becomes 1000 × 696, with its edges continued"]
    assert ran.json["storage_bytes"] == round((1000 * 696 + 512 * 512 + 64 * 64) / 3 * 1.7 * 3)
    assert (ran.json["gpu_seconds"], ran.json["measured"]) == (None, "no farm was asked")


def test_a_long_prompt_is_a_warning(cli: Cli) -> None:
    ran = cli("plan", "-", "-S", f"prompt={'very ' * 90}big", stdin=GOOD)

    assert "warning: the prompt of variant 0 has at least 93 tokens; models read the first 77" in ran.err


def test_a_farm_is_asked_for_the_time(cli: Cli, canned: Canned) -> None:
    said = {"gpu_seconds": 7200.0, "finish_seconds": 3600.0, "measured": "as measured", "warnings": [], "count": 2}
    canned.json("POST", "/v1/plan", said)

    ran = cli("plan", "-", "--farm", "--api", canned.url, stdin=GOOD)

    assert "About 2.0 h of one device, about 60 min with the workers that are there; as measured." in ran.err
    assert canned.calls == ["POST /v1/plan?show=0"]


def test_a_farm_is_asked_what_an_extended_job_has_made(cli: Cli, canned: Canned, pictures: Path) -> None:
    bodies: list[bytes] = []

    def take(call: Call) -> None:
        bodies.append(call.body)
        call.say(200, {"gpu_seconds": None, "finish_seconds": None, "measured": "x", "warnings": [], "linked": 1})

    canned.on("POST", "/v1/plan", take)
    canned.json("GET", "/v1/jobs", {"jobs": [a_job(id=JOB)], "next_cursor": None})
    canned.json("GET", f"/v1/jobs/{JOB}", a_job(id=JOB))

    ran = cli("plan", "-", "--extends", "latest", "--api", canned.url,
              stdin=GOOD.replace("s3://pentimento/boot.png", "pics/boat.png"))  # fmt: skip

    assert "1 of these are made already, 1 are new" in ran.out
    sent = json.loads(bodies[0])
    sha256 = hashlib.sha256((pictures / "boat.png").read_bytes()).hexdigest()
    assert (sent["extends"], sent["images"][0]["uri"]) == (JOB, f"upload://{sha256}")


def test_a_submit_says_keys_otherwise(cli: Cli, canned: Canned) -> None:
    bodies: list[bytes] = []

    def take(call: Call) -> None:
        bodies.append(call.body)
        call.say(201, a_job())

    canned.on("POST", "/v1/jobs", take)

    assert (
        cli("submit", "-", "-S", "strength=0.4", "-S", "run.priority=urgent", "--api", canned.url, stdin=GOOD).code
        == OK
    )
    sent = json.loads(bodies[0])
    assert (sent["strength"], sent["run"]["priority"]) == (0.4, "urgent")


def test_what_a_farm_lists_is_planned_without_a_count(cli: Cli) -> None:
    ran = cli("plan", "-", stdin=GOOD.replace("boot.png", "*.png"))

    assert ran.out.splitlines()[0] == (
        "2 pictures of each image: images that are listed when the job is planned × 2 strength"
    )


def test_a_style_that_does_not_ship_is_a_warning(cli: Cli) -> None:
    ran = cli("lint", "-", "-S", "style_preset=[anime, woodcut]", stdin=GOOD)
    near = cli("lint", "-", "-S", "style_preset=anmie", stdin=GOOD)

    assert ran.code == OK
    assert "warning: the style preset 'woodcut' is none that ships" in ran.err
    assert "Did you mean anime?" in near.err


def test_a_plan_ends_with_the_command_that_makes_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(GOOD)

    ran = cli("plan", "m.yaml", "-S", "steps=[1, 2]", "-S", "width=64", "-S", "height=64")

    assert "Make them with: pentimento submit m.yaml -S 'steps=[1, 2]' -S width=64 -S height=64\n" in ran.err
    assert "About 28 kB of pictures." in ran.err


def test_images_that_stand_twice_are_a_warning(cli: Cli) -> None:
    text = GOOD.replace("[s3://pentimento/boot.png]", "[s3://pentimento/boot.png, s3://pentimento/boot.png]")

    assert "warning: 1 of the images stand twice with the same settings" in cli("lint", "-", stdin=text).err
    assert "  2 of them differ from others by their seeds only" in cli("plan", "-", stdin=text).out
