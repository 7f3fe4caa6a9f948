"""A family that the engine doesn't step: grouped whole calls, each picture as diffusers' pipeline paints it alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import FlowMatchHeunDiscreteScheduler, StableDiffusion3Img2ImgPipeline

from jobs.variant import WeightedPrompt
from tests.engine.orders import SIZE, Over, order, outcomes, picture, pictures
from worker.backends import Order, Pixels, Refused, Rendered
from worker.backends.local import LocalBackend
from worker.engine.weights import generated_folder
from worker.engine.whole import WholeModel

TABLE = (
    '[models.flow]\nsource = "generated:tiny-flow"\nrevision = "1"\nfamily = "auto"\nmultiple = 8\n'
    "rows = { default = [3, 1] }\n"
)
BASE = {"model": "flow", "sampler": "euler", "strength": 0.7}


@pytest.fixture(scope="module")
def flow(over: Over) -> LocalBackend:
    """The backend with the small flow-matching model."""
    return over(TABLE)


def wish(index: int, **asked: object) -> Order:
    """An order for it."""
    return order(index, **{**BASE, **asked})  # type: ignore[arg-type]


def painted(pipeline: StableDiffusion3Img2ImgPipeline, wanted: Order) -> Pixels:
    """What diffusers makes of the order, called alone."""
    asked = wanted.variant.parameters
    image = pipeline(
        prompt=asked.prompt,
        negative_prompt=asked.negative_prompt,
        image=wanted.pixels[None].astype(np.float32) / 255.0,
        height=SIZE,
        width=SIZE,
        strength=asked.strength,
        num_inference_steps=asked.steps,
        guidance_scale=asked.cfg_scale,
        generator=torch.Generator().manual_seed(asked.seed),
        output_type="np",
    ).images[0]
    pixels: Pixels = (image * 255).round().astype(np.uint8)
    return pixels


def test_a_flow_matching_family_is_painted_as_diffusers_paints_it(
    flow: LocalBackend, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = dict.fromkeys(("text_encoder_3", "tokenizer_3", "image_encoder", "feature_extractor"))
    pipeline = StableDiffusion3Img2ImgPipeline.from_pretrained(generated_folder("tiny-flow", "1", cache_dir), **without)
    pipeline.set_progress_bar_config(disable=True)
    calls: list[int] = []
    paint = WholeModel.paint

    def counted(model: WholeModel, orders: list[Order], *rest: object, **more: object) -> object:
        calls.append(len(orders))
        return paint(model, orders, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(WholeModel, "paint", counted)
    alike = [wish(n, seed=n, pixels=picture(turn=n), prompts=(WeightedPrompt(f"a boat {n}"),)) for n in range(5)]
    other = [wish(7, cfg_scale=1.0), wish(8, strength=0.4, negative_prompt="a cat"), wish(9, sampler="heun")]

    found = outcomes(flow, [*alike, *other])

    shown = {outcome.order.variant.index: outcome for outcome in found if isinstance(outcome, Rendered)}
    assert len({one.pixels.tobytes() for one in shown.values()}) == 8
    assert sum(calls) == 8
    assert max(calls) == 3, "orders of equal parameters share a call"
    euler = pipeline.scheduler
    for number, one in shown.items():
        pipeline.scheduler = FlowMatchHeunDiscreteScheduler.from_config(euler.config) if number == 9 else euler
        expected = painted(pipeline, one.order)
        assert expected.std() > 5, "a flat picture would match anything"
        assert np.abs(one.pixels.astype(int) - expected.astype(int)).max() <= 1


def test_its_bytes_do_not_depend_on_who_shares_the_call(flow: LocalBackend) -> None:
    wanted = [wish(n, seed=n) for n in range(4)]

    together = pictures(outcomes(flow, wanted))
    alone = {n: found for each in reversed(wanted) for n, found in pictures(outcomes(flow, [each])).items()}

    assert together == alone


def test_it_steps_down_and_refuses_what_cannot_fit_alone(flow: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    paint = WholeModel.paint

    def short(model: WholeModel, orders: list[Order], rows: int, **more: object) -> object:
        if rows > 1 or orders[0].variant.index == 2:
            raise torch.OutOfMemoryError("tried to allocate")
        return paint(model, orders, rows, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(WholeModel, "paint", short)
    found = outcomes(flow, [wish(n, seed=n) for n in range(4)])

    assert [outcome.error.code for outcome in found if isinstance(outcome, Refused)] == ["out_of_memory"]
    assert {outcome.rung.rows for outcome in found if isinstance(outcome, Rendered) and outcome.rung} == {1}


@pytest.mark.parametrize(
    ("wrong", "code", "word"),
    [
        (wish(0, sampler="ddim"), "invalid_spec", "euler, heun"),
        (wish(0, strength=0.1), "invalid_spec", "no step"),
        (wish(0, mask=np.zeros((SIZE, SIZE), np.uint8)), "unsupported", "mask"),
        (wish(0, end=0.4), "unsupported", "step_schedule_end"),
        (wish(0, prompts=(WeightedPrompt("a", 0.5), WeightedPrompt("b"))), "unsupported", "weights"),
    ],
    ids=["sampler", "strength", "mask", "end", "weights"],
)
def test_what_a_whole_pipeline_cannot_do_is_refused_by_name(
    wrong: Order, code: str, word: str, flow: LocalBackend
) -> None:
    found = outcomes(flow, [wrong, wish(1, steps=2)])

    (refused,) = (outcome for outcome in found if isinstance(outcome, Refused))
    assert refused.error.code == code
    assert word in str(refused.error)
    assert len(found) == 2
