"""The job spec's JSON Schema: for editors, for other languages, and for the OpenAPI document."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from jobs.spec import json_schema

router = APIRouter(tags=["schema"])


def components() -> dict[str, object]:
    """The schema as an OpenAPI component, for the routes that read a spec without declaring it."""
    return {"JobSpec": {name: value for name, value in json_schema().items() if name != "$schema"}}


class _SchemaResponse(JSONResponse):
    media_type = "application/schema+json"


@router.get("/v1/schema", summary="JSON Schema of a job spec", response_class=_SchemaResponse)
def schema() -> _SchemaResponse:
    """What a job spec may hold, in JSON as in YAML."""
    return _SchemaResponse(json_schema())
