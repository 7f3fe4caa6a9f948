"""The README's pictures of the dashboard."""

import re
from pathlib import Path

from tests.dashboard.tour import MOST_BYTES, TARGET

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_every_picture_of_the_tour_is_small_and_shown_in_the_readme_in_light_and_dark() -> None:
    sizes = {path.name: path.stat().st_size for path in TARGET.glob("*.webp")}

    shown = re.findall(r"deploy/tour/([\w-]+\.webp)", README)

    assert sorted(sizes) == sorted(set(shown))
    assert len(sizes) == 14
    assert max(sizes.values()) <= MOST_BYTES, sizes
