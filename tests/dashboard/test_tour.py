"""The README's pictures of the dashboard: those that are kept, and that they can be taken again at any time."""

import re
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from tests.dashboard.tour import MOST_BYTES, SIZE, TARGET, main

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_every_picture_of_the_tour_is_small_and_shown_in_the_readme_in_light_and_dark() -> None:
    sizes = {path.name: path.stat().st_size for path in TARGET.glob("*.webp")}

    shown = re.findall(r"deploy/tour/([\w-]+\.webp)", README)

    assert sorted(sizes) == sorted(set(shown))
    assert len(sizes) == 14
    assert max(sizes.values()) <= MOST_BYTES, sizes


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.system("chromium")
def test_every_picture_of_the_tour_is_taken_again_from_a_farm_that_runs(tmp_path: Path) -> None:
    main(tmp_path)

    taken = {path.stem: Image.open(path).convert("L") for path in tmp_path.glob("*.webp")}
    assert set(taken) == {path.stem for path in TARGET.glob("*.webp")}
    for name, picture in taken.items():
        assert picture.size == (SIZE["width"], SIZE["height"])
        assert ImageStat.Stat(picture).stddev[0] > 10, f"{name} is empty"
        if name.endswith("-light"):
            dark = taken[name.replace("-light", "-dark")]
            assert ImageStat.Stat(picture).mean[0] > ImageStat.Stat(dark).mean[0] + 50, name
