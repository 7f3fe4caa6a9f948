"""The whole training as stages that can be stopped and resumed: paint, then autoencoder and UNet, then export."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from worker.demo_model.album import open_album
from worker.demo_model.checkpoint import Tensors, part_of, read
from worker.demo_model.lessons import lessons
from worker.demo_model.networks import autoencoder, text_encoder, unet
from worker.demo_model.pace import Pace, Setting
from worker.demo_model.pipeline import save, tokenizer
from worker.demo_model.train_unet import AVERAGE, Learner, train_unet
from worker.demo_model.train_vae import train_vae

STAGES = ("vae", "unet")  # neither waits for the other
_SHARES = {"vae": 0.4, "unet": 0.6}  # of the minutes
_PEAKS = {"vae": 2e-3, "unet": 1.2e-3}  # learning rates


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is trained, where, and on what. `groups`: compositions in the album, a multiple of 20."""

    out: Path
    minutes: float
    device: torch.device
    groups: int
    seed: int
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic

    def setting(self, stage: str) -> Setting:
        """A GPU takes batches that fill it; a CPU those that teach most a minute."""
        small, large = (16, 1024) if stage == "unet" else (4, 128)
        return Setting(self.device, large if self.device.type == "cuda" else small, self.say)

    def checkpoint(self, stage: str) -> Path:
        """Where a stage's stands, once there is one."""
        return self.out / f"{stage}.safetensors"

    def pace(self, stage: str) -> Pace:
        """The stage's share of the minutes."""
        seconds = self.minutes * 60 * _SHARES[stage]
        return Pace(stage, seconds, _PEAKS[stage], self.checkpoint(stage), self.say, self.clock)


def train(plan: Plan, stages: tuple[str, ...] = STAGES) -> None:
    """Go through the stages; each goes on from its checkpoint in `plan.out`, where there is one."""
    warnings.filterwarnings("ignore", message=".*lr_scheduler.*")
    plan.out.mkdir(parents=True, exist_ok=True)
    album = open_album(plan.out, plan.groups, plan.say)
    if "vae" in stages:
        train_vae(_fresh_vae(plan), album, plan.pace("vae"), plan.setting("vae"))
    if "unet" in stages:
        known = lessons(tokenizer(), album, plan.device)
        train_unet(_learner(plan), known, plan.pace("unet"), plan.setting("unet"))


def export(plan: Plan, folder: Path) -> int:
    """Write the model as far as it is trained into `folder`; returns its bytes."""
    learner = _learner(plan)
    learner.recall(_kept(plan, "unet", AVERAGE))
    learner.settle()
    vae = _fresh_vae(plan).to(plan.device)
    vae.load_state_dict(_kept(plan, "vae", "vae"))
    return save(folder, vae.eval(), learner.unet, learner.text)


def _kept(plan: Plan, stage: str, part: str) -> Tensors:
    return part_of(read(plan.checkpoint(stage), plan.device, part)[1], part)


def _fresh_vae(plan: Plan) -> AutoencoderKL:
    torch.manual_seed(plan.seed)
    return autoencoder()


def _learner(plan: Plan) -> Learner:
    torch.manual_seed(plan.seed + 1)
    return Learner.of(unet(), text_encoder(tokenizer()), plan.device)
