"""The model table refuses what is wrong all at once, and finds what is meant."""

from pathlib import Path

import pytest

from jobs.errors import InvalidSpec, UnknownModel
from jobs.models import ModelTable


def written(folder: Path, text: str) -> Path:
    """A table file."""
    path = folder / "models.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_table_that_ships_is_sound() -> None:
    table = ModelTable.load()

    assert table.default in table.models
    assert table.resolve("tiny").generated == "tiny"
    assert table.resolve("stable-diffusion-v1-5") is table.models["sd15"]


def test_rows_are_pinned_by_shape() -> None:
    model = ModelTable.load().resolve("tiny")

    assert model.rows_for(128, 128) == model.rows["128x128"]
    assert model.rows_for(128, 136) == model.rows["default"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownModel, match="did you mean 'tiny'") as refusal:
        ModelTable.load().resolve("tinny")

    assert "pentimento models" in refusal.value.remedy


def test_every_problem_of_a_table_is_named_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [models.one]
        source = "nowhere"
        revision = "1"
        [models.two]
        source = "a/b"
        [models.three]
        source = "./three"
        rows = { default = 1, "512*512" = 4 }
        [models.four]
        source = "./four"
        wdith = 512
        aliases = ["five", "../six"]
        """,
    )

    with pytest.raises(InvalidSpec) as refusal:
        ModelTable.load(path)

    said = "; ".join(str(problem) for problem in refusal.value.problems)
    for word in ("'nowhere'", "revision is missing", "models.three.rows.default", "wdith", "'../six'"):
        assert word in said
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "there is none"),
        ("[models.a", "not TOML"),
        ('default = "b"\n[models.a]\nsource = "./a"', "is no model of this table"),
        ('extra = 1\n[models.a]\nsource = "./a"', "unknown key"),
        ('[models.a]\nsource = "./a"\naliases = ["b"]\n[models.b]\nsource = "./b"', "'b' is taken by models.a"),
        ('[models.a]\nsource = "./a"\nrows = { "512x512" = 4 }', 'needs a "default"'),
        ('[models.a]\nsource = "./a"\nwidth = 500', "multiples of 64"),
    ],
    ids=["empty", "toml", "default", "key", "double", "rows", "size"],
)
def test_a_table_that_is_wrong_says_how(text: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec) as refusal:
        ModelTable.load(written(tmp_path, text))

    assert word in str(refusal.value)


def test_a_table_that_is_not_there_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec, match="PENTIMENTO_MODELS_FILE"):
        ModelTable.load(tmp_path / "absent.toml")
