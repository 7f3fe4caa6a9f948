"""The `loras` of a spec, as text and taken apart: `crayon:0.8, ink:-0.3`; a name alone has weight 1."""

import re

from jobs.variant import WeightedLora

MAX_LORAS = 8
MAX_WEIGHT = 4.0
_PART = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,99})(?:\s*:\s*([+-]?\d+(?:\.\d+)?))?")


def read_loras(text: str) -> tuple[WeightedLora, ...]:
    """The LoRAs that a text names, sorted by name; those of weight 0 are left out.

    Raises:
        ValueError: it is no such list, names one twice, too many, or a weight beyond ±4.

    """
    found: dict[str, float] = {}
    for part in (part.strip() for part in text.split(",")) if text.strip() else ():
        matched = _PART.fullmatch(part)
        if matched is None:
            message = f"{part!r} is no name:weight"
            raise ValueError(message)
        name, weight = matched[1], float(matched[2] or 1)
        if name in found:
            message = f"{name!r} is named twice"
            raise ValueError(message)
        if abs(weight) > MAX_WEIGHT:
            message = f"the weight of {name!r} is {weight:g}, at most ±{MAX_WEIGHT:g}"
            raise ValueError(message)
        found[name] = weight
    if len(found) > MAX_LORAS:
        message = f"there are {len(found)}, at most {MAX_LORAS}"
        raise ValueError(message)
    return tuple(WeightedLora(name, weight) for name, weight in sorted(found.items()) if weight)


def written(loras: tuple[WeightedLora, ...]) -> str:
    """The same as text."""
    return ", ".join(f"{lora.name}:{lora.weight:g}" for lora in loras)
