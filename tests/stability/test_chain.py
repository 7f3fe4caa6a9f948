"""Chains as clients send them: where artifacts go, stage by stage."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from api.stability.answers import Sender
from api.stability.chain import ASSETS, MOST_CALLS, run
from jobs.errors import InvalidSpec
from jobs.wire import generation_pb2 as wire

SENDER = Sender("job", "r", "e", 0)
PASS, DISCARD, RETURN = wire.STAGE_ACTION_PASS, wire.STAGE_ACTION_DISCARD, wire.STAGE_ACTION_RETURN


def stage(name: str, *rules: wire.OnStatus, engine: str = "tiny", samples: int = 1) -> wire.Stage:
    request = wire.Request(engine_id=engine, image=wire.ImageParameters(samples=samples))
    return wire.Stage(id=name, request=request, on_status=rules)


class Painter:
    """Answers with one picture a sample, and remembers what it was asked."""

    def __init__(self, filtered: tuple[int, ...] = ()) -> None:
        self.asked: list[wire.Request] = []
        self.filtered = filtered

    async def __call__(self, request: wire.Request) -> AsyncGenerator[wire.Answer]:
        self.asked.append(request)
        number = len(self.asked)
        yield SENDER.alive(0, 0)
        for index in range(request.image.samples):
            if index in self.filtered:
                yield SENDER.filtered(index, index, 0)
            else:
                yield SENDER.picture(index, index, f"{number}-{index}".encode(), 0)


def ran(painter: Painter, *stages: wire.Stage) -> list[bytes]:
    async def collect() -> list[bytes]:
        chain = wire.ChainRequest(request_id="c", stage=stages)
        return [
            one.binary
            async for answer in run(chain, painter)
            for one in answer.artifacts
            if one.type == wire.ARTIFACT_IMAGE
        ]

    return asyncio.run(collect())


def test_one_stage_without_rules_is_a_plain_request() -> None:
    assert ran(Painter(), stage("Main", samples=2)) == [b"1-0", b"1-1"]


def test_the_asset_stage_that_a_client_always_sends_hands_on_what_it_gets() -> None:
    painter = Painter()
    main = stage("Main", wire.OnStatus(action=[PASS], target="Asset"), samples=2)
    asset = stage("Asset", wire.OnStatus(action=[RETURN]), engine=ASSETS)

    assert ran(painter, main, asset) == [b"1-0", b"1-1"]
    assert [request.engine_id for request in painter.asked] == ["tiny"]


def test_a_picture_that_is_passed_is_the_next_stages_init_image() -> None:
    painter = Painter()

    found = ran(painter, stage("a", wire.OnStatus(), samples=2), stage("b"))

    assert found == [b"2-0", b"3-0"]
    assert [request.prompt[0].artifact.binary for request in painter.asked[1:]] == [b"1-0", b"1-1"]
    assert [request.request_id for request in painter.asked] == ["c:a", "c:b", "c:b"]


def test_a_picture_can_be_returned_and_passed_and_another_discarded() -> None:
    both = wire.OnStatus(action=[RETURN, PASS], target="b")
    away = wire.OnStatus(reason=[wire.FILTER], action=[DISCARD])

    assert ran(Painter(filtered=(1,)), stage("a", both, away, samples=2), stage("b")) == [b"1-0", b"2-0"]


def test_a_filtered_picture_that_no_rule_speaks_of_reaches_the_client() -> None:
    painter = Painter(filtered=(0,))

    found = ran(painter, stage("a", wire.OnStatus(action=[PASS], target="b")), stage("b"))

    assert len(found) == 1
    assert len(painter.asked) == 1


def test_rules_may_speak_of_kinds_of_artifacts() -> None:
    only = wire.OnStatus(action=[RETURN], artifact_type=wire.ArtifactTypeFilter(exclude=[wire.ARTIFACT_IMAGE]))

    assert ran(Painter(), stage("a", only)) == []


@pytest.mark.parametrize(
    "stages",
    [
        (),
        (stage("a"), stage("a")),
        tuple(stage(str(number)) for number in range(9)),
        (stage("a", wire.OnStatus(action=[PASS], target="a")),),
        (stage("a"), stage("b", wire.OnStatus(action=[PASS], target="a"))),
        (stage("a", wire.OnStatus(action=[PASS], target="nowhere")), stage("b")),
    ],
)
def test_a_chain_that_could_run_without_an_end_is_refused(stages: tuple[wire.Stage, ...]) -> None:
    with pytest.raises(InvalidSpec):
        ran(Painter(), *stages)


def test_a_chain_that_multiplies_is_bounded() -> None:
    painter = Painter()

    with pytest.raises(InvalidSpec, match=str(MOST_CALLS)):
        ran(painter, stage("a", wire.OnStatus(), samples=100), stage("b"))

    assert len(painter.asked) == MOST_CALLS
