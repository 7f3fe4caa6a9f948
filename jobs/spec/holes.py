"""Which cells of the product are not rendered, counted exactly without visiting them.

A cell is a hole where an image's own settings replace an axis (only its first coordinate stays), where `exclude`
matches the resolved cell, and where an included cell is in the product already. The count multiplies over the axes:
along each, coordinates that the same patterns match are one group, so a million cells cost as little as ten.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from jobs.spec.model import AxisSpec, FieldValue, ImageSpec, JobSpec, label
from jobs.spec.numbers import Span
from jobs.variant import Scalar

MAX_GROUPS = 100_000
KINDS_KEPT = 4096


class TooIntricate(ValueError):
    """Patterns that overlap in more ways than are counted."""


_Match = Mapping[int, frozenset[int]]


@dataclass(slots=True)
class _Kind:
    """Images whose settings make the same holes. live: axes that are not replaced.

    matches: for each pattern that can match, the coordinates at which it does, by axis.
    rendered: how many cells are, None until somebody asks.
    """

    live: tuple[int, ...]
    matches: tuple[_Match, ...]
    settings: Mapping[str, FieldValue]
    rendered: int | None = None


class Holes:
    """The holes of a spec with these images, each with its name. bare: whether none of them has settings of its own."""

    def __init__(self, spec: JobSpec, images: Sequence[ImageSpec], *, bare: bool) -> None:
        self._spec = spec
        self._images = images
        self._axes = spec.axes
        self.strides = _strides(spec.axes)
        self.product = reduce(lambda size, axis: size * axis.size, spec.axes, 1)
        self._moved = {name: a for a, axis in enumerate(spec.axes) for name in axis.names}
        self._matches = [self._match(pattern) for pattern in spec.exclude]
        self._kinds: dict[str, _Kind] = {}
        self._plain = not spec.exclude and not spec.include and bare
        self._by_name = any("image" in pattern for pattern in spec.exclude)
        self._latest: tuple[int, _Kind | None] = (-1, None)
        self._replaced = frozenset(self._moved) | {name for pattern in spec.exclude for name in pattern}
        self._replaced |= {name for cell in spec.include for name in cell}
        self._left = spec.left if spec.model_defaults else frozenset()
        self._replaced |= {"model"} if self._left else set()

    def _match(self, pattern: Mapping[str, Scalar]) -> dict[int, frozenset[int]]:
        """By axis, the coordinates at which the pattern's values stand."""
        found: dict[int, frozenset[int]] = {}
        for name, value in pattern.items():
            a = self._moved.get(name)
            if a is not None:
                here = coordinates_of(self._axes[a], name, value)
                found[a] = found[a] & here if a in found else here
        return found

    def _kind(self, image: ImageSpec) -> _Kind:
        own = {name: image.settings[name] for name in sorted(image.settings) if name in self._replaced}
        name = image.name if self._by_name else ""
        key = repr((name, own))
        kind = self._kinds.get(key)
        if kind is None:
            live = tuple(a for a, axis in enumerate(self._axes) if axis.names[0] not in own)
            matches = [
                self._by_model(pattern, match, own, live)
                for pattern, match in zip(self._spec.exclude, self._matches, strict=True)
                if self._able(pattern, own, live, name)
            ]
            if len(self._kinds) >= KINDS_KEPT:  # a table may bring as many kinds as rows
                self._kinds.clear()
            kind = self._kinds[key] = _Kind(live, tuple(matches), own)
        return kind

    def _kind_at(self, image: int) -> _Kind:
        number, kind = self._latest
        if kind is None or number != image:
            kind = self._kind(self._images[image])
            self._latest = (image, kind)
        return kind

    def _able(
        self, pattern: Mapping[str, Scalar], own: Mapping[str, FieldValue], live: tuple[int, ...], image: str
    ) -> bool:
        model = own.get("model", self._spec.fixed.get("model"))
        standing = self._spec.standing(model) if self._left and model is not None else self._spec.fixed
        for name, value in pattern.items():
            if name in self._moved and self._moved[name] in live:
                continue
            if model is None and name in self._left and name not in own:
                continue  # `_by_model` asks each of them
            have = image if name == "image" else own.get(name, standing.get(name))
            if have is None or label(have) != value:
                return False
        return True

    def _by_model(
        self, pattern: Mapping[str, Scalar], match: _Match, own: Mapping[str, FieldValue], live: tuple[int, ...]
    ) -> _Match:
        """The match, where a model on an axis decides about some of the pattern's fields."""
        a = self._moved.get("model")
        left = [name for name in pattern if name in self._left and name not in own]
        if not left or a is None or a not in live:
            return match
        models = self._axes[a].columns[self._axes[a].names.index("model")]
        standing = [self._spec.standing(model) for model in models]
        fits = frozenset(
            k for k, fixed in enumerate(standing) if all(label(fixed[name]) == pattern[name] for name in left)
        )
        return {**match, a: match.get(a, fits) & fits}

    @property
    def none(self) -> bool:
        """Whether it is known without looking that every cell is rendered."""
        return self._plain

    def is_hole(self, image: int, cell: int) -> bool:
        """Whether cell `cell` of image `image` is not rendered."""
        if self._plain:
            return False
        kind = self._kind_at(image)
        if cell >= self.product:
            return self._doubled(kind, cell - self.product)
        at = [cell // stride % axis.size for stride, axis in zip(self.strides, self._axes, strict=True)]
        if any(k and a not in kind.live for a, k in enumerate(at)):
            return True
        return self._excluded(kind, at)

    def bits(self, image: int, start: int, stop: int, samples: int) -> str:
        """The same for the positions `start <= p < stop` of one image, a digit each: `1` for a hole.

        Costs a fraction of a microsecond a position: coordinates repeat, and whole stretches are copied.
        """
        kind = self._kind_at(image)
        end = self.product * samples
        inside = self._product_bits(kind, start, min(stop, end), samples) if start < end else ""
        first, last = max(start, end) - end, max(stop, end) - end
        tail = "".join(str(int(self._doubled(kind, j))) * samples for j in range(first // samples, -(-last // samples)))
        return inside + tail[first % samples :][: last - first]

    def _product_bits(self, kind: _Kind, start: int, stop: int, samples: int) -> str:
        def where(a: int, chosen: Container[int]) -> int:
            size = self._axes[a].size
            return int(repeated(self.strides[a] * samples, size, chosen, start, stop), 2)

        replaced = [a for a, axis in enumerate(self._axes) if a not in kind.live and axis.size > 1]
        every = (1 << (stop - start)) - 1
        holes = 0
        for a in replaced:
            holes |= every ^ where(a, {0})
        for match in kind.matches:
            axes = [(a, ks) for a, ks in match.items() if a in kind.live]
            holes |= reduce(lambda both, one: both & where(*one), axes, every)
        return f"{holes:0{stop - start}b}"

    def _excluded(self, kind: _Kind, at: list[int]) -> bool:
        return any(all(at[a] in ks for a, ks in match.items() if a in kind.live) for match in kind.matches)

    def _doubled(self, kind: _Kind, included: int) -> bool:
        """Whether an included cell, with this image's settings on top, is one of the product's."""
        cell = {**self._spec.include[included], **kind.settings}
        unmoved = [name for name in cell if name not in self._moved and name not in kind.settings]
        standing = self._spec.standing(self._model_of(cell)) if self._left else self._spec.fixed
        if any(cell[name] != standing.get(name) for name in unmoved):
            return False
        at: list[int] = []
        for a, axis in enumerate(self._axes):
            if a not in kind.live:
                at.append(0)
                continue
            here = [coordinates_of(axis, name, label(cell[name])) for name in axis.names if name in cell]
            both = reduce(lambda left, right: left & right, here) if here else frozenset({0})
            if not both:
                return False
            at.append(min(both))
        return not self._excluded(kind, at)

    def _model_of(self, cell: Mapping[str, FieldValue]) -> FieldValue:
        """The model of an included cell, which names every axis that has several values."""
        a = self._moved.get("model")
        if "model" in cell or a is None:
            return cell.get("model", self._spec.fixed.get("model", ""))
        return self._axes[a].columns[self._axes[a].names.index("model")][0]

    def rendered(self, image: ImageSpec) -> int:
        """How many cells of this image are rendered.

        Raises:
            TooIntricate: patterns that overlap in too many ways.

        """
        if self._plain:
            return self.product
        kind = self._kind(image)
        if kind.rendered is None:
            kind.rendered = self._rendered_kind(kind)
        return kind.rendered

    def count(self) -> int:
        """How many cells are rendered, over all images.

        Raises:
            TooIntricate: patterns that overlap in too many ways.

        """
        return self.product * len(self._images) if self._plain else sum(map(self.rendered, self._images))

    def _rendered_kind(self, kind: _Kind) -> int:
        product = reduce(lambda size, a: size * self._axes[a].size, kind.live, 1)
        included = sum(not self._doubled(kind, j) for j in range(len(self._spec.include)))
        return product - self._excluded_count(kind) + included

    def _excluded_count(self, kind: _Kind) -> int:
        """Cells that at least one pattern matches: along each axis, groups of coordinates by the patterns they fit."""
        if not kind.matches:
            return 0
        patterns = range(len(kind.matches))
        groups = {sum(1 << p for p in patterns): 1}
        for a in kind.live:
            free = sum(1 << p for p in patterns if a not in kind.matches[p])
            special: dict[int, int] = {}
            for p in patterns:
                for k in kind.matches[p].get(a, ()):
                    special[k] = special.get(k, free) | (1 << p)
            along: dict[int, int] = {free: self._axes[a].size - len(special)}
            for mask in special.values():
                along[mask] = along.get(mask, 0) + 1
            groups = _crossed(groups, along)
        return sum(groups.values())


def _crossed(groups: Mapping[int, int], along: Mapping[int, int]) -> dict[int, int]:
    crossed: dict[int, int] = {}
    for mask, cells in groups.items():
        for other, size in along.items():
            both = mask & other
            if both and size:
                crossed[both] = crossed.get(both, 0) + cells * size
        if len(crossed) > MAX_GROUPS:
            raise TooIntricate(f"the patterns overlap in more than {MAX_GROUPS} ways")
    return crossed


def repeated(stride: int, size: int, chosen: Container[int], start: int, stop: int) -> str:
    """A digit for each position `start <= p < stop`: `1` where `p // stride % size` is `chosen`; start < stop."""
    period = stride * size
    if period <= stop - start:
        once = "".join(("1" if k in chosen else "0") * stride for k in range(size))
        skip = start % period
        return (once * ((stop - start + skip) // period + 1))[skip : skip + stop - start]
    blocks = range(start // stride, (stop - 1) // stride + 1)
    return "".join(
        ("1" if block % size in chosen else "0") * (min(stop, (block + 1) * stride) - max(start, block * stride))
        for block in blocks
    )


def _strides(axes: tuple[AxisSpec, ...]) -> tuple[int, ...]:
    strides: list[int] = []
    stride = 1
    for axis in reversed(axes):
        strides.append(stride)
        stride *= axis.size
    return tuple(reversed(strides))


def coordinates_of(axis: AxisSpec, name: str, value: Scalar) -> frozenset[int]:
    """The coordinates of an axis at which `name` has this value."""
    column = axis.columns[axis.names.index(name)]
    if isinstance(column, Span):
        return frozenset({column.index(value)}) if value in column else frozenset()
    return frozenset(k for k, item in enumerate(column) if label(item) == value)
