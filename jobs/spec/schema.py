"""The JSON Schema of a document, from the same table that the reader uses, so that editors can check and complete."""

from typing import get_args

from jobs.spec.fields import ALIASES, BY_MODEL, FIELDS, MAX_CUSTOM_ID, MAX_IMAGES, MAX_SAMPLES, Field
from jobs.spec.model import Format
from jobs.spec.numbers import MAX_VALUES
from jobs.state import Lane

_VARIABLE: dict[str, object] = {"type": ["string", "number", "boolean"]}


def json_schema() -> dict[str, object]:
    """JSON Schema 2020-12 of the short form. It allows a little more than `parse_spec`, never less."""
    fields = {name: _many(_one(name, field)) for name, field in FIELDS.items()}
    fields["seed"] = {"anyOf": [fields["seed"], _seed()]}
    number: dict[str, object] = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pentimento job",
        "type": "object",
        "additionalProperties": False,
        "required": ["images"],
        "properties": {
            "name": {"type": "string", "maxLength": 200},
            "labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 256}},
            "images": {"type": "array", "minItems": 1, "maxItems": MAX_IMAGES, "items": _image()},
            **fields,
            "image_strength": {**_many(number), "description": "1 − strength"},
            "step_schedule_start": {**_many(number), "description": "the same as strength"},
            "samples": {"type": "integer", "minimum": 1, "maximum": MAX_SAMPLES, "default": 1},
            "matrix": {"type": "object", "additionalProperties": _many({"anyOf": [_VARIABLE, _cell()]})},
            "style_presets": _presets(),
            "model_defaults": _model_defaults(),
            "exclude": {"type": "array", "items": _cell()},
            "include": {"type": "array", "items": _cell()},
            "reroll": {"type": "array", "items": _cell(), "description": "cells that get other seeds"},
            "extends": {"type": "string", "description": "a job whose pictures are linked where they are the same"},
            "output": _output(),
            "run": _run(),
            "budget": _budget(),
            "webhook": {"type": "string", "maxLength": 2000, "description": "an http(s) URL that is told of the end"},
        },
    }


def _one(name: str, field: Field) -> dict[str, object]:
    schema: dict[str, object] = {"description": field.text}
    if field.by_model:
        schema["description"] = f"{field.text}; left out, it is the model's own, or else {field.default}"
    elif field.default is not None:
        schema["default"] = field.default
    if field.kind in {"number", "integer"}:
        return {**schema, "type": field.kind, "minimum": field.low, "maximum": field.high}
    if field.choices:
        return {**schema, "enum": list(field.choices)}
    if name == "prompt":
        part = {
            "type": "object",
            "required": ["text"],
            "properties": {"text": {"type": "string"}, "weight": {"type": "number"}},
        }
        return {**schema, "anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": part}]}
    return {**schema, "type": "string"}


def _many(one: dict[str, object]) -> dict[str, object]:
    """One value, or an axis of them."""
    numbers = {"type": "array", "minItems": 3, "maxItems": 3, "items": {"type": "number"}}
    ranges = [
        {"type": "object", "additionalProperties": False, "required": [key], "properties": {key: numbers}}
        for key in ("range", "linspace")
    ]
    axis = {"type": "array", "minItems": 1, "maxItems": MAX_VALUES, "items": one}
    return {"anyOf": [one, axis, *ranges], "description": one.get("description", "")}


def _cell() -> dict[str, object]:
    return {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "array"]}}


def _image() -> dict[str, object]:
    uri = {"type": "string", "description": "where it lies, or itself: data:image/png;base64,…"}
    properties = {"uri": uri, "name": {"type": "string"}, "id": {"type": "string"}, "set": _cell()}
    properties["custom_id"] = {"type": "string", "maxLength": MAX_CUSTOM_ID, "description": "repeated in the results"}
    properties["sidecar"] = {"type": "string", "description": "what the text beside each image of a folder fills"}
    properties["mask"] = {"type": "string", "description": "black is repainted, white kept; likewise"}
    full = {"type": "object", "additionalProperties": False, "required": ["uri"], "properties": properties}
    rows = {"table": {"type": "string", "description": "JSONL or CSV: one image a line"}, "set": _cell()}
    table = {"type": "object", "additionalProperties": False, "required": ["table"], "properties": rows}
    return {"anyOf": [uri, full, table]}


def _seed() -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "policy": {"enum": ["per_variant", "per_image", "fixed"]},
            "base": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
        },
    }


def _output() -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "uri": {"type": "string"},
            "name": {"type": "string"},
            "format": {"enum": list(get_args(Format))},
            "sheet": {"type": "boolean"},
        },
    }


def _presets() -> dict[str, object]:
    texts = {"prompt": {"type": "string", "pattern": "\\{prompt\\}"}, "negative": {"type": "string"}}
    preset = {"type": "object", "additionalProperties": False, "required": ["prompt"], "properties": texts}
    return {"type": "object", "additionalProperties": preset, "description": "styles of this job's own, by name"}


def _model_defaults() -> dict[str, object]:
    fields = {name: _one(name, FIELDS[name]) | {"description": FIELDS[name].text} for name in sorted(BY_MODEL)}
    fields |= {alias: {"type": "number", "minimum": 0, "maximum": 1} for alias in ALIASES}
    own = {"type": "object", "additionalProperties": False, "properties": fields}
    said = "by model, what stands for fields that the job leaves out; the model table fills in the rest"
    return {"type": "object", "additionalProperties": own, "description": said}


def _budget() -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "description": "the job pauses when it is spent",
        "properties": {
            "images": {"type": "integer", "minimum": 1},
            "gpu_seconds": {"type": "number", "exclusiveMinimum": 0},
        },
    }


def _run() -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "priority": {"enum": [lane.value for lane in Lane]},
            "max_failures": {"type": ["integer", "string"]},
            "backend": {"type": "string"},
            "confirm_above": {
                "type": "integer",
                "minimum": 0,
                "description": "with more pictures than this it waits, once it is planned, until it is resumed",
            },
        },
    }
