"""Chains: stages that hand what they made to the client, to a later stage, or to nobody.

Only what clients use: each stage is a picture request, and an `asset-service` stage (which stored pictures in an
account that does not exist here) hands on what it is given.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from jobs.errors import InvalidSpec, Problem
from jobs.wire import generation_pb2 as wire

ASSETS = "asset-service"
MOST_STAGES = 8
MOST_CALLS = 64
_PICTURES = frozenset({wire.ARTIFACT_IMAGE, wire.ARTIFACT_MASK})

Generate = Callable[[wire.Request], AsyncGenerator[wire.Answer]]


@dataclass(frozen=True, slots=True)
class Way:
    """Where an artifact goes: to the client, and to stages by their place."""

    to_client: bool
    stages: tuple[int, ...]


def way_of(artifact: wire.Artifact, place: int, stages: Sequence[wire.Stage]) -> Way:
    """Where the stage at `place` sends an artifact. Without a word about it, to the client."""
    rules = [rule for rule in stages[place].on_status if _matches(rule, artifact)]
    if not stages[place].on_status or (not rules and artifact.finish_reason != wire.NULL):
        return Way(to_client=True, stages=())  # nobody asked for a filtered picture to vanish
    actions = [(action, rule.target) for rule in rules for action in rule.action or [wire.STAGE_ACTION_PASS]]
    passed = {_target(target, place, stages) for action, target in actions if action == wire.STAGE_ACTION_PASS}
    return Way(any(action == wire.STAGE_ACTION_RETURN for action, _ in actions), tuple(sorted(passed)))


def check(chain: wire.ChainRequest) -> None:
    """Refuse a chain that could run without an end.

    Raises:
        InvalidSpec: no stages or too many, two of one id, a target that is no later stage.

    """
    ids = [stage.id for stage in chain.stage]
    if not 1 <= len(ids) <= MOST_STAGES or len(set(ids)) != len(ids):
        said = f"must be 1 to {MOST_STAGES} stages, each with an id of its own"
        raise InvalidSpec([Problem("stage", said, value=", ".join(ids)[:200])], source="the chain")
    for place, stage in enumerate(chain.stage):
        for rule in stage.on_status:
            if wire.STAGE_ACTION_PASS in (rule.action or [wire.STAGE_ACTION_PASS]):
                _target(rule.target, place, chain.stage)


async def run(chain: wire.ChainRequest, generate: Generate) -> AsyncGenerator[wire.Answer]:
    """The answers for the client, as they come. Stages that no other one hands something to begin."""
    check(chain)
    stages = chain.stage
    fed = {way for place in range(len(stages)) for way in _ways_out(place, stages)}
    runner = _Run(chain, generate)
    for place in range(len(stages)):
        if place not in fed:
            async with aclosing(runner.stage(place, wire.Answer())) as answers:
                async for answer in answers:
                    yield answer


class _Run:
    """One run of a chain."""

    def __init__(self, chain: wire.ChainRequest, generate: Generate) -> None:
        self._stages = chain.stage
        self._id = chain.request_id
        self._generate = generate
        self._calls = 0

    async def stage(self, place: int, given: wire.Answer) -> AsyncGenerator[wire.Answer]:
        """What reaches the client of one stage's work on what it was given."""
        async with aclosing(self._made(place, given)) as made:
            async for answer in made:
                if not answer.artifacts:
                    yield answer
                    continue
                ways = _ways(answer, place, self._stages)
                if returned := [artifact for artifact, way in ways if way.to_client]:
                    yield _with(answer, returned)
                for target in sorted({target for _, way in ways for target in way.stages}):
                    handed = _with(answer, [artifact for artifact, way in ways if target in way.stages])
                    async with aclosing(self.stage(target, handed)) as later:
                        async for one in later:
                            yield one

    async def _made(self, place: int, given: wire.Answer) -> AsyncGenerator[wire.Answer]:
        stage = self._stages[place]
        if stage.request.engine_id == ASSETS:
            yield given
            return
        self._calls += 1
        if self._calls > MOST_CALLS:
            problem = Problem("stage", f"the chain comes to more than {MOST_CALLS} requests", remedy="Ask for less.")
            raise InvalidSpec([problem], source="the chain")
        request = wire.Request()
        request.CopyFrom(stage.request)
        if not request.request_id and self._id:
            request.request_id = f"{self._id}:{stage.id}"
        request.prompt.extend(wire.Prompt(artifact=one) for one in given.artifacts if one.type in _PICTURES)
        async with aclosing(self._generate(request)) as answers:
            async for answer in answers:
                yield answer


def _ways(answer: wire.Answer, place: int, stages: Sequence[wire.Stage]) -> list[tuple[wire.Artifact, Way]]:
    """Where each artifact goes. A verdict goes where its picture does: some clients take neither without the other."""
    ways = [(artifact, way_of(artifact, place, stages)) for artifact in answer.artifacts]
    pictures = [way for artifact, way in ways if artifact.type in _PICTURES]
    if not pictures:
        return [(artifact, Way(way.to_client, ())) for artifact, way in ways]
    with_it = Way(any(way.to_client for way in pictures), tuple({stage for way in pictures for stage in way.stages}))
    return [(one, with_it if one.type == wire.ARTIFACT_CLASSIFICATIONS else way) for one, way in ways]


def _matches(rule: wire.OnStatus, artifact: wire.Artifact) -> bool:
    kinds = rule.artifact_type
    included = not kinds.include or artifact.type in kinds.include
    return artifact.finish_reason in (rule.reason or [wire.NULL]) and included and artifact.type not in kinds.exclude


def _target(name: str, place: int, stages: Sequence[wire.Stage]) -> int:
    later = {stage.id: number for number, stage in enumerate(stages) if number > place}
    if not name and later:
        return place + 1
    if name not in later:
        problem = Problem(f"stage[{place}].on_status.target", "is no later stage", value=ascii(name)[:100])
        raise InvalidSpec([problem], source="the chain")
    return later[name]


def _ways_out(place: int, stages: Sequence[wire.Stage]) -> set[int]:
    rules = stages[place].on_status
    passing = (rule for rule in rules if wire.STAGE_ACTION_PASS in (rule.action or [wire.STAGE_ACTION_PASS]))
    return {_target(rule.target, place, stages) for rule in passing}


def _with(answer: wire.Answer, artifacts: list[wire.Artifact]) -> wire.Answer:
    picked = wire.Answer()
    picked.CopyFrom(answer)
    del picked.artifacts[:]
    picked.artifacts.extend(artifacts)
    return picked
