"""Models: the names that a job spec may say."""

from typing import Self

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.web.callers import Caller
from api.web.depends import TheDesk
from api.web.problems import documented
from jobs.models import Defaults, Model

router = APIRouter(prefix="/v1/models", tags=["models"])


class ModelShape(BaseModel):
    """A row of the model table. Sizes in pixels."""

    alias: str = Field(description="the name that a job spec says", examples=["sd15"])
    aliases: list[str] = Field(description="further names")
    description: str
    source: str = Field(description="a hub id, or where else the weights come from")
    revision: str
    family: str
    multiple: int = Field(description="widths and heights are multiples of it")
    width: int = Field(description="the size that it was trained at")
    height: int
    max_pixels: int
    defaults: Defaults = Field(description="what a job of this model gets where it says nothing")
    default: bool = Field(description="whether it is the table's default")

    @classmethod
    def of(cls, model: Model, *, default: bool) -> Self:
        """A model of the table as the API shows it; a folder on the workers' disks is not shown."""
        return cls(
            alias=model.alias,
            aliases=list(model.aliases),
            description=model.description,
            source="a local folder" if model.folder else model.source,
            revision=model.revision,
            family=model.family,
            multiple=model.multiple,
            width=model.width,
            height=model.height,
            max_pixels=model.max_pixels,
            defaults=model.defaults,
            default=default,
        )


class ModelList(BaseModel):
    """The model table."""

    models: list[ModelShape]


@router.get("", summary="List models", responses=documented(503))
def models(desk: TheDesk, _caller: Caller) -> ModelList:
    """The model table of this deployment, in its own order."""
    table = desk.table
    return ModelList(
        models=[ModelShape.of(model, default=alias == table.default) for alias, model in table.models.items()]
    )
