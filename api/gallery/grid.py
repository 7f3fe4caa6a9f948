"""A sweep as a grid: axes, their labels, and the strides from which a page computes an index and back."""

from collections.abc import Callable, Iterator
from typing import Literal

from pydantic import BaseModel, Field

from jobs.errors import NotFound
from jobs.ledger.views import JobView
from jobs.spec.model import label
from jobs.sweep import Sweep
from jobs.template import spell
from jobs.variant import Scalar

SHOWN = 500
"""Labels of one axis in one answer."""
MAX_LABEL = 200


class AxisOfGrid(BaseModel):
    """One axis. Its coordinate k adds `k * stride` to an index."""

    key: str = Field(description="as it is written in the spec; `image` and `sample` are there always")
    names: list[str] = Field(description="the fields and variables that move together")
    kind: Literal["image", "axis", "sample"]
    size: int
    stride: int
    labels: list[str] = Field(description=f"of the first coordinates, each at most {MAX_LABEL} characters")
    values: list[list[Scalar]] = Field(description="values of `names` at the same coordinates, texts cut likewise")
    complete: bool = Field(description="all labels are here; the others come from `/grid/axes/{n}`")


class Included(BaseModel):
    """Cells beyond the product, of each image: row j lies at `offset + j * samples` from the image's first index."""

    offset: int
    size: int
    labels: list[str]
    complete: bool


class Grid(BaseModel):
    """The geometry of a job's sweep: `index = sum of coordinate * stride`, slowest axis first."""

    job: str
    name: str
    total: int = Field(description="positions, excluded ones included: the cells of `/cells`")
    count: int = Field(description="variants that are made")
    cells_of_an_image: int = Field(description="cells of the product and included ones")
    samples: int
    axes: list[AxisOfGrid]
    included: Included | None


class Labels(BaseModel):
    """Some labels of one axis."""

    start: int = Field(serialization_alias="from")
    labels: list[str]
    values: list[list[Scalar]]


def grid_of(view: JobView, sweep: Sweep) -> Grid:
    """The geometry of a job, with the first labels of each axis."""
    lines = [*_lines(sweep)]
    spec = sweep.spec
    return Grid(
        job=view.id,
        name=view.name,
        total=len(sweep),
        count=view.count,
        cells_of_an_image=spec.cells,
        samples=sweep.samples,
        axes=[line.shape() for line in lines],
        included=Included(
            offset=sweep.included_from,
            size=len(spec.include),
            labels=_included(sweep, 0, SHOWN),
            complete=len(spec.include) <= SHOWN,
        )
        if spec.include
        else None,
    )


def labels_of(sweep: Sweep, axis: str, *, start: int, limit: int) -> Labels:
    """Labels of an axis (its place, or `included`) from the coordinate `start` on, at most `limit`.

    Raises:
        NotFound: no such axis.

    """
    if axis == "included" and sweep.spec.include:
        return Labels(start=start, labels=_included(sweep, start, limit), values=[])
    lines = [*_lines(sweep)]
    if not axis.isdigit() or int(axis[:9]) >= len(lines):
        raise NotFound(f"there is no axis {ascii(axis)[:40]}", remedy=f"Name a place from 0 to {len(lines) - 1}.")
    line = lines[int(axis)]
    where = range(min(start, line.size), min(start + limit, line.size))
    return Labels(
        start=start, labels=[_cut(line.label(k)) for k in where], values=[_values(line.values(k)) for k in where]
    )


class _Line:
    """One axis, whichever it is."""

    def __init__(
        self,
        key: str,
        names: tuple[str, ...],
        kind: Literal["image", "axis", "sample"],
        size: int,
        stride: int,
        label: Callable[[int], str],
        values: Callable[[int], tuple[Scalar, ...]],
    ) -> None:
        self.key, self.names, self.kind, self.size, self.stride = key, names, kind, size, stride
        self.label, self.values = label, values

    def shape(self) -> AxisOfGrid:
        where = range(min(self.size, SHOWN))
        return AxisOfGrid(
            key=self.key,
            names=list(self.names),
            kind=self.kind,
            size=self.size,
            stride=self.stride,
            labels=[_cut(self.label(k)) for k in where],
            values=[_values(self.values(k)) for k in where],
            complete=self.size <= SHOWN,
        )


def _lines(sweep: Sweep) -> Iterator[_Line]:
    def name(k: int) -> str:
        return sweep.images[k].name

    yield _Line("image", ("image",), "image", len(sweep.images), sweep.span, name, lambda k: (name(k),))
    for axis, stride in zip(sweep.axes, sweep.strides, strict=True):
        yield _Line(axis.key, axis.names, "axis", len(axis), stride, axis.label, axis.values)
    yield _Line("sample", ("sample",), "sample", sweep.samples, 1, lambda k: str(k + 1), lambda k: (k,))


def _included(sweep: Sweep, start: int, limit: int) -> list[str]:
    rows = sweep.spec.include[start : start + limit]
    return [_cut(", ".join(f"{name} {spell(label(value))}" for name, value in row.items())) for row in rows]


def _values(values: tuple[Scalar, ...]) -> list[Scalar]:
    return [_cut(value) if isinstance(value, str) else value for value in values]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…"
