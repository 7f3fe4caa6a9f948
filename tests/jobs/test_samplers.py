"""Every name that people know for a sampler leads to one."""

import pytest

from jobs.samplers import ALIASES, AVAILABLE, canonical

STABILITY = {
    "SAMPLER_DDIM": "ddim",
    "SAMPLER_DDPM": "ddpm",
    "SAMPLER_K_EULER": "euler",
    "SAMPLER_K_EULER_ANCESTRAL": "euler_ancestral",
    "SAMPLER_K_HEUN": "heun",
    "SAMPLER_K_DPM_2": "dpm_2",
    "SAMPLER_K_DPM_2_ANCESTRAL": "dpm_2_ancestral",
    "SAMPLER_K_LMS": "lms",
    "SAMPLER_K_DPMPP_2S_ANCESTRAL": "dpmpp_2s_ancestral",
    "SAMPLER_K_DPMPP_2M": "dpmpp_2m",
    "SAMPLER_K_DPMPP_SDE": "dpmpp_sde",
}


@pytest.mark.parametrize(("name", "expected"), STABILITY.items())
def test_every_name_of_stabilitys_enum_is_known(name: str, expected: str) -> None:
    assert canonical(name) == expected
    assert canonical(name.removeprefix("SAMPLER_").lower()) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DPM++ 2M", "dpmpp_2m"),
        ("dpm++ 2s a", "dpmpp_2s_ancestral"),
        ("DPM++ SDE", "dpmpp_sde"),
        ("Euler a", "euler_ancestral"),
        ("Euler", "euler"),
        ("DPM2 a", "dpm_2_ancestral"),
        ("LMS", "lms"),
        ("k_dpmpp_2m", "dpmpp_2m"),
        ("EulerAncestralDiscreteScheduler", "euler_ancestral"),
        ("DPMSolverMultistepScheduler", "dpmpp_2m"),
        ("  DdIm ", "ddim"),
    ],
)
def test_other_programs_names_are_known_in_any_case(name: str, expected: str) -> None:
    assert canonical(name) == expected


def test_an_unknown_sampler_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean dpmpp_2m"):
        canonical("dpmpp_2n")
    with pytest.raises(ValueError, match="known are ddim"):
        canonical("zzz")


def test_what_is_available_is_canonical() -> None:
    assert not AVAILABLE - ALIASES.keys()
    assert all(canonical(name) == name for name in ALIASES)
