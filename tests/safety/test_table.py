"""Every row of the table is refused by its own name, reaches nobody, and leaves everything running."""

import importlib
from pathlib import Path

import pytest

from tests.safety.world import Recorder, Row, World, outcome

HERE = Path(__file__).parent
ROWS: list[Row] = [
    row for path in sorted(HERE.glob("rows_*.py")) for row in importlib.import_module(f"tests.safety.{path.stem}").ROWS
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_bad_input_is_refused_by_name_and_reaches_nobody(world: World, recorder: Recorder, row: Row) -> None:
    with recorder.watching() as connects:
        code, said = outcome(world, row)

    assert code == row.code, said or code
    assert [address for address in connects if address[:2] not in world.known] == []
    assert world.canary.connections == 0
    assert "Traceback" not in said


def test_the_table_is_as_long_as_promised_and_no_row_stands_twice() -> None:
    names = [row.name for row in ROWS]

    assert len(ROWS) >= 150
    assert len(names) == len(set(names))


def test_after_all_that_the_api_answers(world: World) -> None:
    assert world.http.get("/livez").status_code == 200
    assert world.submit().status_code == 201


def test_the_recorder_would_have_seen_a_connection(world: World, recorder: Recorder) -> None:
    world.site.pages["/seen"] = lambda visitor: visitor.send_error(404)
    with recorder.watching() as connects, pytest.raises(Exception, match="404"):
        world.insider.fetch(world.site.url("/seen"), caller="ann")

    assert connects == [("127.0.0.1", world.site.port)]
