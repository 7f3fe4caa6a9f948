"""One entry of the model table, a model or a LoRA that changes one: what may be said of it, within which bounds."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from jobs.samplers import canonical

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_SHAPE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")
_GENERATED = "generated:"
_MAX_ROWS = 1024


def _ladder(written: object) -> object:
    """A single count is a ladder of one; the rest of it is filled in by `_rungs`."""
    return written if isinstance(written, list | tuple) else (written,)


Rows = Annotated[
    tuple[Annotated[int, Field(ge=1, le=_MAX_ROWS)], ...], BeforeValidator(_ladder), Field(min_length=1, max_length=10)
]
DecodeRows = Annotated[
    tuple[Annotated[int, Field(ge=1, le=_MAX_ROWS)], ...], BeforeValidator(_ladder), Field(min_length=1, max_length=10)
]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Defaults(_Table):
    """What a job that doesn't say otherwise gets: what the table doesn't say either is the language's (`FIELDS`)."""

    sampler: str = "dpmpp_2m"
    steps: int = Field(30, ge=1, le=1000)
    cfg_scale: float = Field(7.0, ge=0, le=50)
    strength: float = Field(0.5, ge=0, le=1)

    @field_validator("sampler")
    @classmethod
    def _check_sampler(cls, value: str) -> str:
        return canonical(value)


class Model(_Table):
    """One model. Sizes in pixels; `rows` counts batch rows by "WIDTHxHEIGHT", with a `default`.

    A list of counts is a ladder: where memory is too short for the first, the next is used; below a single count its
    halves are. `decode_rows` likewise: how many pictures are decoded at once. `family` sd1 is Stable Diffusion 1.x and
    2.x, sdxl SDXL; auto is any other that diffusers' AutoPipelineForImage2Image knows, run by whole calls.

    `safety_checker`: pictures that the model's own checker minds are refused as filtered; false switches it off.

    `source` and `revision` decide the weights, `variant` the files among them (`fp16`); dtype `auto` leaves it to the
    worker's settings and device.
    """

    alias: str
    source: str
    revision: str = ""
    variant: str = ""
    family: Literal["sd1", "sdxl", "auto"] = "sd1"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    multiple: int = Field(64, ge=8, le=1024, multiple_of=8)
    width: int = Field(512, ge=8, le=16384)
    height: int = Field(512, ge=8, le=16384)
    max_pixels: int = Field(1 << 20, ge=64, le=1 << 28)
    safety_checker: bool = Field(default=True, description="use the one that the model brings along, if it does")
    aliases: tuple[str, ...] = ()
    description: str = ""
    defaults: Defaults = Defaults()
    rows: Mapping[str, Rows] = Field(default_factory=lambda: {"default": (8,)})
    decode_rows: Mapping[str, DecodeRows] = Field(default_factory=lambda: {"default": (1,)})

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
    def _check_rows(cls, value: Mapping[str, tuple[int, ...]]) -> Mapping[str, tuple[int, ...]]:
        if "default" not in value:
            message = 'needs a "default"'
            raise ValueError(message)
        for shape, ladder in value.items():
            if shape != "default" and not _SHAPE.fullmatch(shape):
                message = f'{shape!r} is neither "default" nor a shape such as "512x512"'
                raise ValueError(message)
            if sorted(set(ladder), reverse=True) != list(ladder):
                message = f"{shape}: {list(ladder)} must fall from one rung to the next"
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
        if min(min(ladder) for ladder in self.rows.values()) < self.least_rows:
            message = f"rows: a batch of the family {self.family} has at least {self.least_rows} rows"
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

    @property
    def least_rows(self) -> int:
        """The narrowest batch: guidance needs a pair of rows where the engine steps them itself."""
        return 1 if self.family == "auto" else 2

    @property
    def most_rows(self) -> int:
        """The most batch rows that any shape has."""
        return max(ladder[0] for ladder in self.rows.values())

    def rows_for(self, width: int, height: int) -> int:
        """The pinned batch rows for pictures of this size in pixels."""
        return self.row_ladder(width, height)[0]

    def decode_rows_for(self, width: int, height: int) -> int:
        """The pinned count of pictures decoded at once."""
        return self.decode_ladder(width, height)[0]

    def row_ladder(self, width: int, height: int) -> tuple[int, ...]:
        """The pinned batch rows, and those to step down to where memory is too short for them."""
        return _rungs(self.rows, width, height, least=self.least_rows)

    def decode_ladder(self, width: int, height: int) -> tuple[int, ...]:
        """The same for the pictures that are decoded at once; 1 is the least."""
        return _rungs(self.decode_rows, width, height, least=1)


def _rungs(pinned: Mapping[str, tuple[int, ...]], width: int, height: int, *, least: int) -> tuple[int, ...]:
    ladder = list(pinned.get(f"{width}x{height}", pinned["default"]))
    if len(ladder) == 1:
        while ladder[-1] > least:
            ladder.append(max(least, ladder[-1] // 2))
    return tuple(ladder)


class LoraEntry(_Table):
    """A LoRA: a safetensors `file` in a hub's repository or a folder, and the aliases of the models that it fits.

    `source` and `revision` as a model's.
    """

    name: str
    source: str
    file: str
    revision: str = ""
    models: tuple[str, ...] = Field(min_length=1)
    description: str = ""

    @model_validator(mode="after")
    def _check_whole(self) -> "LoraEntry":
        if not _NAME.fullmatch(self.name):
            message = f"the name {self.name!r} must be 1 to 100 of A-Z a-z 0-9 . _ - and start with a letter or digit"
            raise ValueError(message)
        if not self.file.endswith(".safetensors") or ".." in Path(self.file).parts or Path(self.file).is_absolute():
            message = f"file {self.file!r} must name a .safetensors within the source; pickles are never read"
            raise ValueError(message)
        if not self.folder and not (_HUB_ID.fullmatch(self.source) and self.revision):
            message = f"source {self.source!r} must be a folder (/…, ./…, ~/…) or a hub id with its `revision`"
            raise ValueError(message)
        return self

    @property
    def folder(self) -> str:
        """The local folder as written, "" where the source is a hub id."""
        return self.source if self.source.startswith(("/", "./", "../", "~")) else ""

    @property
    def identity(self) -> str:
        """Source, revision and file as one text, for fingerprints."""
        return f"{self.source}@{self.revision}/{self.file}"
