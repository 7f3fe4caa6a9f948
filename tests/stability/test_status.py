"""What users read about statuses is what the door answers."""

import re
from pathlib import Path

from api.stability.status import GRPC, Ended, described, ended_by, status_of_code
from jobs.errors import InvalidSpec, Problem, StorageUnavailable, TooLarge

README = Path(__file__).parents[2] / "proto" / "README.md"


def test_the_readme_lists_every_error_under_its_status() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| ((?:`[a-z_]+` ?)+)\|", README.read_text(), re.MULTILINE)

    said = {(status, code) for status, codes in rows for code in re.findall(r"`([a-z_]+)`", codes)}

    assert said == {(status.name, kind.code) for kind, status in GRPC.items()}


def test_the_apis_own_documentation_has_the_table() -> None:
    table = described()

    assert all(f"`{kind.code}`" in table for kind in GRPC)
    assert "| `UNAUTHENTICATED` | `unauthenticated` |" in table


def test_a_status_says_every_problem_and_the_remedy_within_bounds() -> None:
    problems = [Problem("steps", "must be 1 to 1000", "0"), Problem("seed", "is no uint32", "x", "Send one.")]

    words = ended_by(InvalidSpec(problems)).words

    assert "steps: must be 1 to 1000 (got 0)" in words
    assert "seed: is no uint32 (got x). Send one." in words
    assert "Scale it" in ended_by(TooLarge("too large", remedy="Scale it down.")).words
    assert len(Ended(GRPC[StorageUnavailable], "x" * 10_000).words) <= 3000


def test_a_code_that_nobody_knows_is_internal() -> None:
    assert status_of_code("bad_image") is GRPC[InvalidSpec]
    assert status_of_code("of the future").name == "INTERNAL"
