"""`python -m worker.demo_model`: train the demo model, write it, look at it."""

import argparse
import sys
import time
from pathlib import Path

import torch

from worker.demo_model.pipeline import WEIGHTS
from worker.demo_model.training import STAGES, Plan, export, train

_GROUPS = {"cpu": 6000, "cuda": 40_000}
_BEGAN = time.monotonic()


def main() -> None:
    """Read the command line and do it."""
    wanted = _parser().parse_args()
    device = torch.device(
        ("cuda" if torch.cuda.is_available() else "cpu") if wanted.device == "auto" else wanted.device
    )
    groups = wanted.groups or _GROUPS[device.type]
    plan = Plan(wanted.out, wanted.minutes, device, groups, wanted.seed, _say)
    if wanted.command == "train":
        begun = [stage for stage in STAGES if plan.checkpoint(stage).exists()]
        if begun and not wanted.resume:
            sys.exit(f"{wanted.out} holds a training already: --resume goes on with it, another --out begins anew")
        train(plan, tuple(wanted.stage or STAGES))
    if wanted.command == "export" or not wanted.stage:
        target = wanted.to or wanted.out / "model"
        _say(f"{target}: {export(plan, target) / 1e6:.1f} MB")


def _say(text: str) -> None:
    print(f"{time.monotonic() - _BEGAN:6.0f} s  {text}", flush=True)  # noqa: T201 — it is a command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker.demo_model", description=__doc__)
    parser.add_argument("command", choices=("train", "export"))
    parser.add_argument(
        "--minutes", type=float, default=150, help="of training in all, painting and encoding not counted"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--out", type=Path, default=Path("out/demo-model"), help="checkpoints and pictures, GBs")
    parser.add_argument("--resume", action="store_true", help="go on with the training in --out")
    parser.add_argument("--stage", action="append", choices=STAGES, help="only this one; may be given again")
    parser.add_argument("--groups", type=int, default=0, help="compositions to paint, a multiple of 20")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--to", type=Path, help=f"where the model is written; the shipped one is in {WEIGHTS.name}/")
    return parser


if __name__ == "__main__":
    main()
