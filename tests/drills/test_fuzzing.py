"""The short forms of the drills that fuzz: half a minute each in CI, ten minutes by command."""

import pytest

from tests.drills._short import holds

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]


def test_nothing_that_can_be_sent_brings_the_api_down() -> None:
    holds("schema")


def test_no_picture_of_chance_or_malice_brings_the_intake_down() -> None:
    holds("fuzz-images")
