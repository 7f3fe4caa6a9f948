"""Whether the demo model does what its card says, on a hundred compositions that it was never shown."""

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from api.cli.bench import Figure
from jobs.errors import NotFound

if TYPE_CHECKING:
    from worker.demo_model.evaluate import Report

NAME = "demo-model"
SUMMARY = "How well the demo model obeys: medium, colour and scene of its pictures, recognised by a judge of paintings."
RUNS = 1
SCENES = 100

GOAL_MEDIUM = 0.9
GOAL_SCENE = 0.6
GOAL_COLOUR = 0.7


def run(progress: Callable[[str], None]) -> list[Figure]:
    """Repaint every held-out scene in every medium, then at every strength, then into other scenes."""
    # Only here: `bench --list` loads this file, and torch takes seconds.
    from worker.demo_model.evaluate import CFG_SCALE, measure  # noqa: PLC0415
    from worker.demo_model.pipeline import WEIGHTS  # noqa: PLC0415

    if not (WEIGHTS / "model_index.json").is_file():
        remedy = "python -m worker.demo_model train --help says how they are made"
        raise NotFound(f"the demo model has no weights in {WEIGHTS.name}/", remedy=remedy)
    report = measure(WEIGHTS, SCENES, progress)
    falls = all(weaker > stronger for weaker, stronger in pairwise(report.likeness.values()))
    return [
        *(
            _at_least(f"{medium} recognised, strength 0.6", share, GOAL_MEDIUM)
            for medium, share in report.media.items()
        ),
        *_likeness(report),
        Figure("likeness falls with every strength", float(falls), "", "yes (1)", falls),
        Figure("cfg 1: medium recognised", report.media_unguided, ""),
        Figure(
            f"cfg 1 against {CFG_SCALE:g}: mean difference",
            report.guidance_difference,
            "levels",
            "> 1 level",
            report.guidance_difference > 1,
        ),
        _at_least("prompt's scene recognised, strength 0.9", report.scene_asked, GOAL_SCENE),
        Figure("init's scene recognised, strength 0.9", report.scene_given, ""),
        _at_least("colour word obeyed, strength 0.6", report.colours, GOAL_COLOUR),
    ]


def _likeness(report: "Report") -> list[Figure]:
    return [
        Figure(f"likeness to the init, strength {strength:g}", value, "") for strength, value in report.likeness.items()
    ]


def _at_least(name: str, value: float, goal: float) -> Figure:
    return Figure(name, value, "", f"≥ {goal:g}", value >= goal)
