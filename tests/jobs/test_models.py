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

    assert model.rows_for(128, 128) == model.rows["128x128"][0]
    assert model.rows_for(128, 136) == model.rows["default"][0]


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
        rows = { default = 0, "512*512" = 4 }
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


def test_a_lora_is_known_by_name_and_refused_with_the_nearest(tmp_path: Path) -> None:
    table = ModelTable.load(
        written(
            tmp_path,
            """
            [models.one]
            source = "./one"
            [loras.crayon]
            source = "./loras"
            file = "crayon.safetensors"
            models = ["one"]
            """,
        )
    )

    assert table.lora("crayon").identity == "./loras@/crayon.safetensors"
    with pytest.raises(UnknownModel, match="did you mean 'crayon'"):
        table.lora("crayons")


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ('source = "./loras"\nfile = "crayon.pt"\nmodels = ["one"]', "never read"),
        ('source = "./loras"\nfile = "../crayon.safetensors"\nmodels = ["one"]', "within the source"),
        ('source = "a/b"\nfile = "crayon.safetensors"\nmodels = ["one"]', "revision"),
        ('source = "./loras"\nfile = "crayon.safetensors"\nmodels = ["two"]', "no model of this table"),
    ],
)
def test_a_lora_that_could_not_be_had_is_refused_with_the_table(entry: str, word: str, tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_text(f'[models.one]\nsource = "./one"\n[loras.crayon]\n{entry}\n')

    with pytest.raises(InvalidSpec, match=word):
        ModelTable.load(path)
