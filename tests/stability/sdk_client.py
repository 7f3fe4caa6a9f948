"""What users of stability-sdk do, as one program in the SDK's own environment: prints a JSON object for each scene.

python sdk_client.py HOST INIT SCENE...
"""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

import grpc
from PIL import Image
from stability_sdk import api, client
from stability_sdk.client import generation

HOST, INIT = sys.argv[1], Image.open(sys.argv[2])
ENGINE = os.environ.get("ENGINE", "stable-diffusion-xl-1024-v1-0")
SMALL = {"width": 64, "height": 64, "steps": 4, "cfg_scale": 3.0}


def inference(engine: str = ENGINE) -> Any:
    return client.StabilityInference(host=HOST, key=os.environ.get("KEY", ""), engine=engine, wait_for_ready=False)


def told(answers: Iterable[Any]) -> dict[str, Any]:
    """What came of a call: pictures decoded, or the status."""
    pictures: list[dict[str, Any]] = []
    filtered = 0
    try:
        for answer in answers:
            kinds = [one.type for one in answer.artifacts]
            for one in answer.artifacts:
                if one.type != generation.ARTIFACT_IMAGE:
                    continue
                filtered += one.finish_reason == generation.FILTER
                image = Image.open(io.BytesIO(one.binary))
                image.load()
                right = (INIT.width // 2, 0, INIT.width, INIT.height)
                kept = image.size == INIT.size and image.crop(right).tobytes() == INIT.crop(right).tobytes()
                verdict = generation.ARTIFACT_CLASSIFICATIONS in kinds
                pictures.append(
                    {"seed": one.seed, "size": image.size, "verdict": verdict, "id": answer.answer_id, "kept": kept}
                )
    except grpc.RpcError as error:
        return {"code": error.code().name, "details": error.details()}
    return {"pictures": pictures, "filtered": filtered}


def image_to_image() -> dict[str, Any]:
    return told(inference().generate("a boat", init_image=INIT, start_schedule=0.6, seed=121, **SMALL))


def two_samples() -> dict[str, Any]:
    return told(inference().generate("a boat", init_image=INIT, start_schedule=0.6, seed=7, samples=2, **SMALL))


def weights_and_preset() -> dict[str, Any]:
    prompts = [
        generation.Prompt(text=text, parameters=generation.PromptParameters(weight=weight))
        for text, weight in (("a boat", 1.0), ("fog", -0.5))
    ]
    sampler = generation.SAMPLER_K_EULER_ANCESTRAL
    more = {"style_preset": "anime", "sampler": sampler}
    return told(inference().generate(prompts, init_image=INIT, start_schedule=0.6, seed=7, **more, **SMALL))


def mask() -> dict[str, Any]:
    prompts = [
        generation.Prompt(text=text, parameters=generation.PromptParameters(weight=weight))
        for text, weight in (("a boat", 1.0), ("a harbour", 0.5))
    ]
    left = Image.new("L", INIT.size, 255)
    left.paste(0, (0, 0, INIT.width // 2, INIT.height))
    return told(inference().generate(prompts, init_image=INIT, mask_image=left, seed=7, style_preset="anime", **SMALL))


def unknown_engine() -> dict[str, Any]:
    return told(inference("nobody").generate("a boat", init_image=INIT, **SMALL))


def too_many_steps() -> dict[str, Any]:
    return told(inference().generate("a boat", init_image=INIT, **{**SMALL, "steps": 100_000}))


def text_alone() -> dict[str, Any]:
    return told(inference().generate("a boat", **SMALL))


def context() -> Any:
    found = api.Context(host=HOST, api_key=os.environ.get("KEY") or None, generate_engine_id=ENGINE)
    found._max_retries = 0
    return found


def context_generate() -> dict[str, Any]:
    found = context().generate(["a boat"], [1.0], init_image=INIT, init_strength=0.4, seed=9, **SMALL)
    return {"sizes": [image.size for image in found[generation.ARTIFACT_IMAGE]]}


def context_inpaint() -> dict[str, Any]:
    wanted = context()
    wanted._inpaint.engine_id = ENGINE
    try:
        found = wanted.inpaint(INIT, Image.new("L", INIT.size, 0), ["a boat"], [1.0], steps=4, seed=9)
    except Exception as error:  # noqa: BLE001  the SDK raises plain exceptions
        return {"error": str(error)}
    return {"sizes": [image.size for image in found[generation.ARTIFACT_IMAGE]]}


def purse() -> dict[str, Any]:
    return {"credits": context().get_user_info()[0]}


SCENES: dict[str, Callable[[], dict[str, Any]]] = {
    scene.__name__: scene
    for scene in (
        image_to_image, two_samples, weights_and_preset, mask, unknown_engine, too_many_steps, text_alone,
        context_generate, context_inpaint, purse,
    )
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps({name: SCENES[name]() for name in sys.argv[3:] or SCENES}))
