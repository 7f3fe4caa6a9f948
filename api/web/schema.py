"""The job spec's JSON Schema: for editors, for other languages, and for the OpenAPI document."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from jobs.spec import json_schema

router = APIRouter(tags=["schema"])


def components() -> dict[str, object]:
    """The schema as an OpenAPI component, for the routes that read a spec without declaring it."""
    return {"JobSpec": {name: value for name, value in json_schema().items() if name != "$schema"}}


@router.get("/v1/schema", summary="JSON Schema of a job spec", response_class=JSONResponse)
def schema() -> JSONResponse:
    """What a job spec may hold, in JSON as in YAML."""
    return JSONResponse(json_schema(), media_type="application/schema+json")
