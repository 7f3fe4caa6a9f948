"""From one picture to the next job: the same again, more like it, or its cell with another seed."""

import json
from enum import StrEnum

from jobs.spec.model import label
from jobs.sweep import Sweep
from jobs.variant import Variant, WeightedPrompt

MORE = 4
"""Samples that "more like this" begins with."""


class Like(StrEnum):
    """What a new job should be to the picture that it comes from."""

    SAME = "same"
    MORE = "more"
    REROLL = "reroll"


def spec_like(job: str, manifest: bytes, sweep: Sweep, index: int, like: Like) -> dict[str, object]:
    """A job spec as a document. manifest: the job's frozen spec as JSON.

    same: this picture alone, with its seed. more: some more of it with seeds that are drawn anew. reroll: the whole
    job, which extends this one, so that only the cell of this picture is rendered again, with another seed.
    """
    variant = sweep[index]
    if like is Like.REROLL:
        return _rerolled(job, json.loads(manifest), variant)
    alone = _alone(sweep, variant)
    if like is Like.SAME:
        return alone | {"seed": variant.parameters.seed}
    return alone | {"samples": MORE}


def _alone(sweep: Sweep, variant: Variant) -> dict[str, object]:
    wanted, image = variant.parameters, variant.image
    said: dict[str, object] = {"uri": image.uri, "name": image.name}
    if image.custom_id:
        said["custom_id"] = image.custom_id
    document: dict[str, object] = {
        "name": f"{sweep.spec.name or 'picture'}-{variant.index}"[:200],
        "images": [said],
        "model": wanted.model,
        "prompt": _prompt(wanted.prompts),
        "negative_prompt": _literal(wanted.negative_prompt),
        "strength": wanted.strength,
        "cfg_scale": wanted.cfg_scale,
        "sampler": wanted.sampler,
        "steps": wanted.steps,
        "width": wanted.width,
        "height": wanted.height,
        "fit": wanted.fit,
        "step_schedule_end": wanted.step_schedule_end,
        "clip_skip": wanted.clip_skip,
        "loras": ",".join(f"{lora.name}:{lora.weight!r}" for lora in wanted.loras),
        "mask": variant.mask,
        "mask_feather": wanted.mask_feather,
    }
    if sweep.spec.labels:
        document["labels"] = dict(sweep.spec.labels)
    return {key: value for key, value in document.items() if value is not None and value != ""}


def _rerolled(job: str, document: dict[str, object], variant: Variant) -> dict[str, object]:
    before = document.get("reroll")
    cell = {"image": variant.image.name} | {name: label(value) for name, value in variant.coordinates.items()}
    return document | {"extends": job, "reroll": [*(before if isinstance(before, list) else []), cell]}


def _prompt(prompts: tuple[WeightedPrompt, ...]) -> object:
    if len(prompts) == 1 and prompts[0].weight == 1:
        return _literal(prompts[0].text)
    return [{"text": _literal(part.text), "weight": part.weight} for part in prompts]


def _literal(text: str) -> str:
    """A resolved text as a template that says nothing else."""
    return text.replace("{", "{{").replace("}", "}}")
