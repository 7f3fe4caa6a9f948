"""The spec of one picture says everything that decided it: a parameter that is added later and forgotten shows here."""

from dataclasses import asdict

from api.gallery.onward import Like, spec_like
from jobs.spec import parse_spec
from jobs.sweep import Sweep

SPEC = {
    "images": [{"uri": "https://example.org/a.png", "name": "a"}], "model": "tiny", "prompt": "a {{x}} boat",
    "negative_prompt": "{{n}}", "strength": 0.4, "cfg_scale": 3.5, "sampler": "ddim", "steps": 7, "seed": 5,
    "width": 128, "height": 64, "fit": "stretch", "step_schedule_end": 0.1, "clip_skip": 1, "mask_feather": 2.0,
    "loras": ["a:0.5,b:1", "c:-0.25"],
}  # fmt: skip


def test_the_spec_of_one_picture_forgets_no_parameter() -> None:
    sweep = Sweep(parse_spec(SPEC, source="a test"))
    plain = Sweep(parse_spec({key: SPEC[key] for key in ("images", "model", "prompt")}, source="a test"))

    again = [Sweep(parse_spec(spec_like("", b"{}", sweep, index, Like.SAME), source="")) for index in range(len(sweep))]

    assert [one[0].parameters for one in again] == [variant.parameters for variant in sweep]
    usual = asdict(plain[0].parameters)
    same = [name for name, value in asdict(sweep[0].parameters).items() if value == usual[name]]
    assert set(same) <= {"model", "prompts"}, "SPEC says nothing else than the default here, and so would prove nothing"
