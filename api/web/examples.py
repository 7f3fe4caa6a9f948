"""Examples in the OpenAPI document, one for each way to write a job spec; a test submits them."""

from typing import Any

_SPEC = {
    "name": "boots",
    "images": ["upload://" + "9f" * 32],
    "model": "tiny",
    "prompt": "crayon drawing of a boot, {season}",
    "strength": [0.35, 0.5, 0.65],
    "steps": 30,
    "sampler": "dpmpp_2m",
    "matrix": {"season": ["spring", "autumn"]},
    "seed": 7,
}
_YAML = """\
name: boots
images: [upload://{upload}]
model: tiny
prompt: "crayon drawing of a boot, {{season}}"
strength: [0.35, 0.5, 0.65]   # a list is an axis
steps: 30
sampler: dpmpp_2m
matrix:
  season: [spring, autumn]
seed: 7
""".format(upload="9f" * 32)

# By whether it is YAML.
SPEC_EXAMPLES: dict[bool, dict[str, dict[str, Any]]] = {
    False: {"sweep": {"summary": "one picture, three strengths, two seasons", "value": _SPEC}},
    True: {"sweep": {"summary": "one picture, three strengths, two seasons", "value": _YAML}},
}
