"""Job specs as answers: JSON for programs, YAML for people who edit them."""

from typing import Literal

import orjson
from starlette.responses import Response

from jobs.manifest.yaml_written import yaml_text

SpecForm = Literal["json", "yaml"]

_SPEC_REF = {"$ref": "#/components/schemas/JobSpec"}
SPEC_TEXT: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A job spec",
        "content": {"application/json": {"schema": _SPEC_REF}, "application/yaml": {"schema": _SPEC_REF}},
    }
}


def spec_text(document: dict[str, object], form: SpecForm) -> Response:
    """A spec, given as plain data, in the form that was asked for."""
    if form == "yaml":
        return Response(yaml_text(document), media_type="application/yaml")
    return Response(orjson.dumps(document), media_type="application/json")
