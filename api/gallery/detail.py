"""One variant in full: what it was asked to be, what became of it, and where to see it."""

from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.results import Fault, Record
from api.why import Why
from jobs.ledger.marks import Mark
from jobs.sweep import Sweep
from jobs.variant import Scalar, Variant


class ImageOf(BaseModel):
    """The init image of a variant."""

    name: str = Field(description="unique within the job")
    uri: str
    custom_id: str = Field(description="the caller's own word for it")


class Detail(BaseModel):
    """One variant. What is null is not known, or not there (yet). Texts are data, never markup."""

    job: str
    index: int
    state: str = Field(description="settled, refused, leased, waiting, reaped, pending or excluded")
    mark: Literal["star", "reject"] | None
    position: list[int] | None = Field(description="a coordinate for each axis of the grid; null for an included cell")
    coordinates: dict[str, Scalar] = Field(description="the axis values that led here")
    variables: dict[str, Scalar] = Field(description="what the init image itself sets")
    image: ImageOf
    sample: int
    mask: str = Field(description="a URI; empty where all is repainted")
    parameters: dict[str, Any] = Field(description="everything that decides the pixels, resolved")
    seed: int
    result_url: str | None
    thumb_url: str | None
    init_url: str | None = Field(description="null where no copy of the init image lies here (yet)")
    download_name: str
    width: int | None
    height: int | None
    size: int | None = Field(description="bytes")
    seconds: float | None = Field(description="of the device, its share of the batches it was in")
    sha256: str
    init_sha256: str
    fingerprint: str
    linked: str = Field(description="the job whose picture it is, where this one extends it")
    worker: str = Field(description="that made it, where its record says so")
    settled_at: float | None
    error: Fault | None
    sentences: list[str] = Field(description="why it is where it is, most telling first")


def position_of(sweep: Sweep, index: int) -> list[int] | None:
    """The coordinates of a position on the grid's axes; None for an included cell."""
    image, rest = divmod(index, sweep.span)
    if rest >= sweep.included_from:
        return None
    along = [rest // stride % len(axis) for stride, axis in zip(sweep.strides, sweep.axes, strict=True)]
    return [image, *along, rest % sweep.samples]


def detail_of(  # noqa: PLR0913 - what several rooms know of one variant
    sweep: Sweep,
    variant: Variant,
    why: Why,
    record: Record | None,
    mark: Mark | None,
    *,
    result_url: str | None,
    thumb_url: str | None,
    init_url: str | None,
    download_name: str,
) -> Detail:
    """Put together what is known. record: None until there is an outcome."""
    known = record or Record(index=variant.index, state="refused")
    wanted = variant.parameters
    return Detail(
        job=why.job,
        index=variant.index,
        state=why.state,
        mark=None if mark is None else mark.value,
        position=position_of(sweep, variant.index),
        coordinates=dict(variant.coordinates),
        variables=dict(variant.variables),
        image=ImageOf(name=variant.image.name, uri=variant.image.uri, custom_id=variant.image.custom_id),
        sample=variant.sample,
        mask=variant.mask,
        parameters={"prompt": wanted.prompt, **asdict(wanted)},
        seed=wanted.seed,
        result_url=result_url,
        thumb_url=thumb_url,
        init_url=init_url,
        download_name=download_name,
        width=known.width,
        height=known.height,
        size=known.size or None,
        seconds=known.seconds,
        sha256=known.sha256,
        init_sha256=known.init_sha256,
        fingerprint=known.fingerprint,
        linked=known.linked,
        worker=known.worker,
        settled_at=known.settled_at,
        error=known.error,
        sentences=list(why.sentences),
    )
