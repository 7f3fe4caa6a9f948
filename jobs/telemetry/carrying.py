"""Carries what one process has counted to another's page: flat figures that add up, and back into families.

A *figure* is one sample of a counter or histogram, named by its family, sample and labels as one JSON text. Only what
changed, or is new, is carried, as a difference; gauges are carried whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import orjson
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.samples import Sample

from jobs.telemetry.metrics import BOTH, HANDS

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_CREATED = "_created"  # of no use to Prometheus' text format, which has no place for them


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a worker hands on at once. number: grows by one; a parcel that comes twice is counted once.

    sums: figure → what has been added to it. gauges: JSON text.
    """

    number: int
    sums: Mapping[str, float]
    gauges: str


class Packer:
    """Differences since the last parcel that arrived. For one thread."""

    def __init__(self, registries: Iterable[CollectorRegistry] = (HANDS, BOTH)) -> None:
        self._registries = tuple(registries)
        self._told: dict[str, float] = {}
        self._parcel: Parcel | None = None
        self._totals: dict[str, float] = {}
        self._number = 0

    def parcel(self) -> Parcel:
        """The parcel to hand on: the last one again, until `arrived` was called."""
        if self._parcel is None:
            self._number += 1
            self._totals, gauges = _flat(self._registries)
            sums = {
                name: value - self._told.get(name, 0.0)
                for name, value in self._totals.items()
                # Also what is still 0: an alert can't see a series grow that only begins with its first event.
                if value != self._told.get(name)
            }
            self._parcel = Parcel(self._number, sums, gauges)
        return self._parcel

    def arrived(self) -> None:
        """The last parcel is where it belongs."""
        self._told, self._parcel = self._totals, None


def _samples(registries: Iterable[CollectorRegistry]) -> Iterator[tuple[Metric, Sample]]:
    for registry in registries:
        for family in registry.collect():
            for sample in family.samples:
                yield family, sample


def _flat(registries: Iterable[CollectorRegistry]) -> tuple[dict[str, float], str]:
    sums: dict[str, float] = {}
    gauges: list[list[object]] = []
    for family, sample in _samples(registries):
        if family.type == "gauge":
            gauges.append([family.name, sample.labels, sample.value])
        elif not sample.name.endswith(_CREATED):
            key = [family.name, sample.name, sorted(sample.labels.items())]
            sums[orjson.dumps(key).decode()] = sample.value
    return sums, orjson.dumps(gauges).decode()


def unpacked(sums: Mapping[str, float], gauges: Mapping[str, str]) -> Iterator[tuple[str, Sample]]:
    """What workers handed on, as (family, sample). gauges: worker → JSON text. What can't be read is left out."""
    for name, value in sums.items():
        try:
            family, sample, labels = orjson.loads(name)
            yield str(family), Sample(str(sample), dict(labels), value)
        except (ValueError, TypeError):
            continue
    for worker, text in gauges.items():
        try:
            rows = [(str(name), Sample(str(name), {**labels, "worker": worker}, float(value)))
                    for name, labels, value in orjson.loads(text)]  # fmt: skip
        except (ValueError, TypeError):
            continue
        yield from rows


class Page:
    """One answer to Prometheus: families of several sources, each named once."""

    def __init__(self) -> None:
        self._families: dict[str, Metric] = {}

    def add(self, registry: CollectorRegistry, **labels: str) -> None:
        """What this process counted itself, with further labels."""
        for family in registry.collect():
            for sample in family.samples:
                self._sample(family, sample, labels)

    def add_unpacked(self, samples: Iterable[tuple[str, Sample]]) -> None:
        """What workers counted. Families that this version does not know are left out."""
        known: dict[str, tuple[Metric, dict[str, str]]] = {family.name: (family, {}) for family in HANDS.collect()}
        known |= {family.name: (family, {"role": "worker"}) for family in BOTH.collect()}
        for name, sample in samples:
            if name in known:
                family, labels = known[name]
                self._sample(family, sample, labels)

    def text(self) -> bytes:
        """In Prometheus' text format, version 0.0.4."""
        return generate_latest(self)  # it asks for nothing but `collect`

    def collect(self) -> Iterator[Metric]:
        """All families, by name."""
        yield from (self._families[name] for name in sorted(self._families))

    def _sample(self, family: Metric, sample: Sample, labels: Mapping[str, str]) -> None:
        if sample.name.endswith(_CREATED):
            return
        if family.name not in self._families:
            self._families[family.name] = Metric(family.name, family.documentation, family.type)
        there = self._families[family.name]
        there.add_sample(sample.name, {**sample.labels, **labels}, sample.value)
