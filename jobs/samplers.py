"""The sampler vocabulary, so that every name that people know for a sampler leads to one canonical name.

Canonical names are k-diffusion's without the `k_`. Known too, in any case and with any punctuation: Stability's enum
names (`SAMPLER_K_DPMPP_2M`), A1111's labels (`DPM++ 2M`, `Euler a`), diffusers' classes (`EulerDiscreteScheduler`).
"""

import difflib
import re
from collections.abc import Mapping

ALIASES: Mapping[str, tuple[str, ...]] = {
    "ddim": ("DDIMScheduler",),
    "ddpm": ("DDPMScheduler",),
    "euler": ("EulerDiscreteScheduler",),
    "euler_ancestral": ("Euler a", "EulerAncestralDiscreteScheduler"),
    "heun": ("HeunDiscreteScheduler",),
    "dpm_2": ("DPM2", "KDPM2DiscreteScheduler"),
    "dpm_2_ancestral": ("DPM2 a", "KDPM2AncestralDiscreteScheduler"),
    "lms": ("LMSDiscreteScheduler",),
    "dpmpp_2s_ancestral": ("DPM++ 2S a", "DPMSolverSinglestepScheduler"),
    "dpmpp_2m": ("DPM++ 2M", "DPMSolverMultistepScheduler"),
    "dpmpp_sde": ("DPM++ SDE", "DPMSolverSDEScheduler"),
    "unipc": ("UniPC", "uni_pc", "UniPCMultistepScheduler"),
    "lcm": ("LCM", "LCMScheduler"),
}
"""Every canonical name, with the names that don't follow from it by a rule."""

AVAILABLE: frozenset[str] = frozenset(ALIASES)
"""What the local engine runs; the door refuses by name what is known, but not here."""


def _squeeze(name: str) -> str:
    plain = name.strip().lower().replace("++", "pp")
    return re.sub(r"[^a-z0-9]", "", plain)


def _known() -> dict[str, str]:
    known: dict[str, str] = {}
    for name, aliases in ALIASES.items():
        for spelling in (name, f"k_{name}", f"sampler_{name}", f"sampler_k_{name}", *aliases):
            known[_squeeze(spelling)] = name
    return known


_CANONICAL = _known()


def canonical(name: str) -> str:
    """The canonical name of a sampler.

    Raises:
        ValueError: nobody's name for a sampler; the text names the nearest that is known.

    """
    squeezed = _squeeze(name[:64])
    found = _CANONICAL.get(squeezed)
    if found is not None:
        return found
    nearest = difflib.get_close_matches(squeezed, list(_CANONICAL), n=1, cutoff=0.5)
    hint = f"did you mean {_CANONICAL[nearest[0]]}?" if nearest else f"known are {', '.join(ALIASES)}"
    raise ValueError(f"no sampler is called {name[:64]!r}; {hint}")
