"""The model table: what makes a model known, to the doors that refuse unknown names and to the workers that load them.

One TOML file (`models.toml` beside this module ships; `PENTIMENTO_MODELS_FILE` names another). Row counts are pinned
in it, because a row's last bits depend on the batch size: nothing may change them at run time.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from jobs.errors import InvalidSpec, Problem, UnknownModel

SHIPPED = Path(__file__).with_name("models.toml")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_SHAPE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")
_GENERATED = "generated:"
_MAX_ROWS = 1024

Rows = Annotated[int, Field(ge=2, le=_MAX_ROWS)]
DecodeRows = Annotated[int, Field(ge=1, le=_MAX_ROWS)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Defaults(_Table):
    """What a job that doesn't say otherwise gets; the same ranges as `jobs.variant.Parameters`."""

    sampler: str = "ddim"
    steps: int = Field(30, ge=1, le=1000)
    cfg_scale: float = Field(7.0, ge=0, le=50)
    strength: float = Field(0.6, ge=0, le=1)


class Model(_Table):
    """One model. Sizes in pixels; `rows` counts batch rows by "WIDTHxHEIGHT", with a `default`.

    `decode_rows` likewise: how many pictures are decoded at once. `family` sd1 is Stable Diffusion 1.x and 2.x.

    `source` and `revision` decide the weights, `variant` the files among them (`fp16`); dtype `auto` leaves it to the
    worker's settings and device.
    """

    alias: str
    source: str
    revision: str = ""
    variant: str = ""
    family: Literal["sd1", "sdxl"] = "sd1"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    multiple: int = Field(64, ge=8, le=1024, multiple_of=8)
    width: int = Field(512, ge=8, le=16384)
    height: int = Field(512, ge=8, le=16384)
    max_pixels: int = Field(1 << 20, ge=64, le=1 << 28)
    aliases: tuple[str, ...] = ()
    description: str = ""
    defaults: Defaults = Defaults()
    rows: Mapping[str, Rows] = Field(default_factory=lambda: {"default": 8})
    decode_rows: Mapping[str, DecodeRows] = Field(default_factory=lambda: {"default": 1})

    @field_validator("alias", "aliases")
    @classmethod
    def _check_names(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for name in (value,) if isinstance(value, str) else value:
            if not _NAME.fullmatch(name):
                message = f"the name {name!r} must be 1 to 100 of A-Z a-z 0-9 . _ - and start with a letter or digit"
                raise ValueError(message)
        return value

    @field_validator("rows", "decode_rows")
    @classmethod
    def _check_rows(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        if "default" not in value:
            message = 'needs a "default"'
            raise ValueError(message)
        for shape in value:
            if shape != "default" and not _SHAPE.fullmatch(shape):
                message = f'{shape!r} is neither "default" nor a shape such as "512x512"'
                raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _check_whole(self) -> "Model":
        shapes = [("width and height", self.width, self.height)]
        for shape in sorted((self.rows.keys() | self.decode_rows.keys()) - {"default"}):
            wide, high = shape.split("x")
            shapes.append((f"rows.{shape}", int(wide), int(high)))
        for what, width, height in shapes:
            if width % self.multiple or height % self.multiple or width * height > self.max_pixels:
                bound = f"multiples of {self.multiple} with at most {self.max_pixels} pixels"
                message = f"{what}: {width}x{height} must be {bound}"
                raise ValueError(message)
        if not (self.generated or self.folder or _HUB_ID.fullmatch(self.source)):
            message = f"source {self.source!r} is no hub id (owner/name), folder (/…, ./…, ~/…) or generated:<name>"
            raise ValueError(message)
        if not self.folder and not self.revision:
            message = "revision is missing: pin the hub's commit, or equal specs won't give equal pictures"
            raise ValueError(message)
        return self

    @property
    def generated(self) -> str:
        """The name of the offline weights to make, "" where the source is something else."""
        return self.source.removeprefix(_GENERATED) if self.source.startswith(_GENERATED) else ""

    @property
    def folder(self) -> str:
        """The local folder as written, "" where the source is something else."""
        return self.source if self.source.startswith(("/", "./", "../", "~")) else ""

    @property
    def identity(self) -> str:
        """Source, revision and variant as one text, for fingerprints."""
        return f"{self.source}@{self.revision}" + (f"+{self.variant}" if self.variant else "")

    def rows_for(self, width: int, height: int) -> int:
        """The pinned batch rows for pictures of this size in pixels."""
        return self.rows.get(f"{width}x{height}", self.rows["default"])

    def decode_rows_for(self, width: int, height: int) -> int:
        """The pinned count of pictures decoded at once."""
        return self.decode_rows.get(f"{width}x{height}", self.decode_rows["default"])


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The models by alias, the alias that a spec without one gets, and the file that said so."""

    models: Mapping[str, Model]
    default: str
    path: Path

    @classmethod
    def load(cls, path: Path | None = None) -> "ModelTable":
        """Read the table at `path`, or the one that ships.

        Raises:
            InvalidSpec: the file is missing or wrong; every problem at once.

        """
        path = path or SHIPPED
        text = _read(path)
        try:
            return cls._check(tomllib.loads(text), path)
        except tomllib.TOMLDecodeError as error:
            raise InvalidSpec([Problem("file", f"is not TOML: {error}")], source=str(path)) from error

    @classmethod
    def _check(cls, written: Mapping[str, object], path: Path) -> "ModelTable":
        problems = [
            Problem(key, "unknown key", remedy="The table has `default` and `[models.<alias>]`.")
            for key in written
            if key not in {"default", "models"}
        ]
        entries = written.get("models", {})
        models: dict[str, Model] = {}
        for alias, entry in entries.items() if isinstance(entries, dict) else ():
            try:
                models[alias] = Model.model_validate({"alias": alias, **entry} if isinstance(entry, dict) else entry)
            except ValidationError as error:
                problems += _problems(alias, error)
        problems += _doubles(models)
        default = written.get("default", next(iter(models), ""))
        if not models and not problems:
            problems.append(Problem("models", "there is none", remedy="Add a [models.<alias>] section."))
        elif default not in models and not problems:
            problems.append(Problem("default", "is no model of this table", value=str(default)))
        if problems:
            raise InvalidSpec(problems, source=str(path))
        return cls(models=models, default=str(default), path=path)

    def resolve(self, name: str) -> Model:
        """The model of that alias or further alias.

        Raises:
            UnknownModel: there is none; the message names the nearest.

        """
        if name in self.models:
            return self.models[name]
        for model in self.models.values():
            if name in model.aliases:
                return model
        names = [*self.models, *(alias for model in self.models.values() for alias in model.aliases)]
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        message = f"model: {name[:100]!r} is not in the model table{hint}"
        raise UnknownModel(message, remedy=f"The table has {', '.join(self.models)}; `pentimento models` shows it.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(
            "models_file", f"can't be read: {error}", value=str(path), remedy="PENTIMENTO_MODELS_FILE names it."
        )
        raise InvalidSpec([problem], source="the model table") from error


def _problems(alias: str, error: ValidationError) -> list[Problem]:
    return [
        Problem(
            ".".join(("models", alias, *map(str, fault["loc"]))),
            fault["msg"].removeprefix("Value error, "),
            value="" if isinstance(fault["input"], dict) else str(fault["input"])[:200],
        )
        for fault in error.errors(include_url=False)
    ]


def _doubles(models: Mapping[str, Model]) -> list[Problem]:
    owners: dict[str, str] = {}
    return [
        Problem(f"models.{alias}", f"the name {name!r} is taken by models.{owners[name]}")
        for alias, model in models.items()
        for name in (alias, *model.aliases)
        if owners.setdefault(name, alias) != alias
    ]
