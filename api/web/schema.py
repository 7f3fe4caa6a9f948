"""The job spec's JSON Schema: for editors, for other languages, and for the OpenAPI document."""

from functools import lru_cache
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from jobs.spec import JobSpec

router = APIRouter(tags=["schema"])


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The job spec's schema, by itself."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | JobSpec.model_json_schema()


def components() -> dict[str, Any]:
    """The same as OpenAPI components, `JobSpec` and whatever it refers to."""
    whole = JobSpec.model_json_schema(ref_template="#/components/schemas/{model}")
    parts = whole.pop("$defs", {})
    return {**parts, "JobSpec": whole}


@router.get("/v1/schema", summary="JSON Schema of a job spec", response_class=JSONResponse)
def schema() -> JSONResponse:
    """What a job spec may hold, in JSON as in YAML."""
    return JSONResponse(document(), media_type="application/schema+json")
