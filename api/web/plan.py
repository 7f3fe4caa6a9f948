"""Plans: what a job spec would come to, before it is a job."""

from dataclasses import asdict
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.admission import aliases_of, check_models, check_size
from api.desk import Desk
from api.growth import linked, seeded
from api.planner import Plan, make_plan
from api.web.bodies import SPEC_TYPES, SpecFormat, SpecText
from api.web.callers import Caller
from api.web.depends import TheDesk
from api.web.examples import SPEC_EXAMPLES
from api.web.problems import ProblemItem, documented, problem_item
from jobs.errors import InvalidSpec
from jobs.ledger.speeds import Speeds
from jobs.manifest import Format, require_uris
from jobs.presets import load_presets
from jobs.spec import left_out, with_defaults, with_presets
from jobs.sweep import Sweep

router = APIRouter(prefix="/v1/plan", tags=["jobs"])
lint_router = APIRouter(prefix="/v1/lint", tags=["jobs"])

_SPEC_REF = {"$ref": "#/components/schemas/JobSpec"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": _SPEC_REF, "examples": SPEC_EXAMPLES[media_type.endswith("yaml")]}
            for media_type in SPEC_TYPES
        },
    }
}


class AxisShape(BaseModel):
    """One axis of the sweep."""

    key: str
    names: list[str] = Field(description="the fields and variables that move together")
    size: int
    values: list[str] = Field(description="the first of them")


class LeftOutShape(BaseModel):
    """A field that the job leaves out, and what it gets."""

    model: str
    field: str
    value: str | int | float
    origin: Literal["job", "model", "language"] = Field(
        description="`job`: its own `model_defaults`; `model`: the model table; `language`: where neither says anything"
    )


class PlanShape(BaseModel):
    """What a job would come to; null is what is not known yet."""

    count: int | None = Field(description="variants to make; null while images are still to be listed")
    linked: int | None = Field(
        description="variants that the job which this one extends has made already; null without such a job, and where "
        "either has more than 100,000 positions"
    )
    duplicates: int | None = Field(description="variants that differ from an earlier one by their seeds only")
    excluded: int | None = Field(description="positions of the product that are left out")
    images: int | None
    open: bool = Field(description="whether patterns or tables of images are listed only when the job is planned")
    axes: list[AxisShape]
    samples: int
    variants_of_an_image: int = Field(description="positions of the product for each image")
    models: list[str]
    left_out: list[LeftOutShape] = Field(description="what the job leaves to each of its models")
    storage_bytes: int | None = Field(description="estimated")
    gpu_seconds: float | None = Field(description="estimated, of one device")
    finish_seconds: float | None = Field(description="estimated, with the workers that are there and nothing before it")
    measured: str = Field(description="what the estimate of time stands on")
    warnings: list[str]
    variants: list[dict[str, Any]] = Field(description="the first of them, resolved")

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """A plan as the API shows it."""
        return cls.model_validate(asdict(plan))


@router.post(
    "",
    summary="Plan a job without making it",
    openapi_extra=_BODY,
    responses=documented(400, 408, 413, 415, 422, 503),
)
def plan(
    text: SpecText,
    form: SpecFormat,
    desk: TheDesk,
    caller: Caller,
    show: Annotated[int, Query(ge=0, le=1000, description="how many variants to resolve")] = 10,
) -> PlanShape:
    """Count a job spec exactly and estimate its time and storage; nothing is enqueued, fetched or listed."""
    return PlanShape.of(_planned(desk, text, form, show, caller))


class Lint(BaseModel):
    """What is wrong with a manifest."""

    problems: list[ProblemItem] = Field(description="all at once; empty where nothing is wrong")


@lint_router.post("", summary="Check a job spec", openapi_extra=_BODY, responses=documented(400, 408, 413, 415))
def lint(text: SpecText, form: SpecFormat, desk: TheDesk, _caller: Caller) -> Lint:
    """Every problem with its line, for an editor; wrong manifests are no error here."""
    try:
        spec = desk.read(text, form=form).spec
        require_uris(spec)
        check_models(spec, desk.table)
        with_presets(with_defaults(spec, desk.table.suits), load_presets(desk.settings.presets_file))
    except InvalidSpec as wrong:
        return Lint(problems=[problem_item(problem) for problem in wrong.problems])
    return Lint(problems=[])


def _planned(desk: Desk, text: bytes, form: Format, show: int, caller: str) -> Plan:
    spec = desk.read(text, form=form).spec
    spec = with_presets(spec, load_presets(desk.settings.presets_file))
    left = left_out(spec, desk.table.suits)
    spec = with_defaults(spec, desk.table.suits)
    if spec.run.extends:
        spec = seeded(spec, desk, caller=caller)
    sweep = Sweep(spec, () if spec.open else None)
    check_size(sweep, desk.settings)
    needed = set(aliases_of(sweep, desk.table))
    able = [worker for worker in desk.workers() if needed <= set(worker.models)]
    speeds = Speeds(desk.book)
    return make_plan(
        spec,
        table=desk.table,
        show=show,
        speeds_of=speeds.seconds_a_step,
        workers=len(able),
        left=left,
        linked=linked(sweep, desk, caller=caller) if spec.run.extends else None,
    )
