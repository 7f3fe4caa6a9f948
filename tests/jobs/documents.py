"""Documents that the tests of this room start from."""

from typing import Any

from jobs.errors import InvalidSpec, Problem
from jobs.spec import JobSpec, parse_spec


def document(**changes: Any) -> dict[str, Any]:
    """The smallest good document, with changes; None removes a key."""
    base: dict[str, Any] = {"images": ["a.png"], "model": "tiny", "prompt": "a boat"}
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def spec(**changes: Any) -> JobSpec:
    """The spec of `document(**changes)`."""
    return parse_spec(document(**changes))


def problems(data: object) -> tuple[Problem, ...]:
    """What is wrong with a document; fails where nothing is."""
    try:
        parse_spec(data)
    except InvalidSpec as invalid:
        return invalid.problems
    raise AssertionError(f"accepted: {data!r:.300}")


LOOKS = [{"sampler": "ddim", "steps": 50}, {"sampler": "euler", "steps": 30}]
