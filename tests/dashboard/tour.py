"""Takes the README's pictures of the dashboard: every page, light and dark, of a farm that paints with the demo model.

    .venv/bin/python -m tests.dashboard.tour        (needs Chromium; a minute or two)

They are WebP of at most 60 kB in deploy/tour, and are taken again when the pages change.
"""

import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.stack import Stack
from tests.stories.conftest import Farm
from worker.demo_model.grammar import Wish
from worker.demo_model.painting import paint

TARGET = Path(__file__).parents[2] / "deploy" / "tour"
MOST_BYTES = 60_000
WAIT_MS = 300_000
SIZE = {"width": 1200, "height": 760}
SCENES = {
    "balloon": "green",
    "boat": "blue",
    "house": "yellow",
    "lighthouse": "red",
    "castle": "purple",
    "rocket": "red",
}
MEDIA = ["crayon drawing", "watercolour", "neon lights", "blueprint"]
PROMPT = "{medium} by day"
SHOWN = 22
"""The house at the higher strength, in neon lights."""


def main(target: Path = TARGET) -> None:
    """A farm, three jobs, seven pages, two themes; the pictures go below `target`."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pentimento-tour-") as folder:
        (Path(folder) / "inits").mkdir()
        for seed, (name, colour) in enumerate(SCENES.items(), 43):
            painting = paint(Wish(name, colour, "day", "plain"), seed)
            Image.fromarray(painting.pixels).save(Path(folder) / "inits" / f"{name}.png")
        with Stack(Path(folder) / "data") as stack, Farm(stack) as farm, sync_playwright() as playwright:
            job = _jobs(farm, Path(folder) / "inits")
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for theme in ("light", "dark"):
                for name, page in _pages(browser, farm, job, theme, Path(folder) / "inits"):
                    _keep(page.screenshot(), target / f"{name}-{theme}.webp")
                    print(f"{name}-{theme}")
            browser.close()


def _jobs(farm: Farm, inits: Path) -> str:
    """One job that is done but for a torn picture, one that runs, one that is starred; the id of the first."""
    whole = {name: farm.upload((inits / f"{name}.png").read_bytes()) for name in SCENES}
    data = (inits / "boat.png").read_bytes()
    torn = farm.upload(data[: len(data) // 2])
    images = [{"uri": uri, "name": name} for name, uri in whole.items()]
    spec: Mapping[str, Any] = {"model": "demo", "prompt": PROMPT, "steps": 16, "cfg_scale": 2, "sampler": "ddim"}
    media = {"medium": MEDIA}
    first = farm.submit(
        {
            **spec,
            "name": "autumn catalogue",
            "labels": {"season": "autumn", "team": "web"},
            "images": [*images[:4], {"uri": torn, "name": "torn-scan"}],
            "strength": [0.5, 0.7],
            "matrix": media,
        }
    )
    farm.finished(first, seconds=900)
    for index in (3, 9, SHOWN):
        farm.http.put(f"/v1/jobs/{first}/variants/{index}/mark", json={"mark": "star"}).raise_for_status()
    small = {**spec, "name": "posters, first look", "images": images[4:], "strength": 0.5, "matrix": media}
    farm.finished(farm.submit(small), seconds=900)
    long = {"name": "night sweep", "labels": {"season": "winter"}, "strength": [0.4, 0.6], "samples": 50}
    farm.submit({**spec, **long, "images": images, "matrix": media})
    return first


def _pages(browser: Browser, farm: Farm, job: str, theme: str, inits: Path) -> Iterator[tuple[str, Page]]:
    """Each page, when it shows what it is about."""
    context = browser.new_context(viewport=SIZE, color_scheme=theme)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    page, at = context.new_page(), farm.stack.api_url
    page.goto(f"{at}/")
    expect(page.locator(".strip img").nth(11)).to_be_visible()
    yield "overview", _settled(page)
    page.goto(f"{at}/jobs")
    expect(page.locator(".job .strip img").nth(7)).to_be_visible()
    yield "jobs", _settled(page)
    page.goto(f"{at}/jobs/{job}")
    expect(page.locator(".sheet")).to_have_attribute("data-pictures", "32")
    yield "job", _settled(page)
    page.goto(f"{at}/jobs/{job}?tab=failures")
    expect(page.locator(".failure")).to_be_visible()
    yield "failures", _settled(page)
    page.goto(f"{at}/jobs/{job}/{SHOWN}")
    page.get_by_label("How much of the init image").fill("42")
    page.locator("h1").focus()
    yield "picture", _settled(page)
    page.goto(f"{at}/submit")
    page.get_by_label("Choose pictures").set_input_files([str(inits / f"{name}.png") for name in list(SCENES)[:3]])
    page.get_by_label("Prompts, one a line").fill("{medium} at night")
    page.get_by_label("Strength").fill("0.35, 0.5, 0.65")
    page.get_by_role("button", name="Add an axis").click()
    page.get_by_label("Name of axis 1").fill("medium")
    page.get_by_label("Values of axis 1").fill("crayon drawing, watercolour, neon lights")
    expect(page.locator(".plan-count")).to_have_text("27 pictures")
    page.get_by_role("heading", name="New job").click()
    yield "submit", _settled(page)
    page.goto(f"{at}/workers")
    expect(page.locator(".worker")).to_be_visible()
    yield "workers", _settled(page)
    context.close()


def _settled(page: Page) -> Page:
    """Nothing is still drawn as a placeholder, and every picture is decoded."""
    expect(page.locator(".ghost")).to_have_count(0)
    page.evaluate("Promise.all([...document.images].map((image) => image.decode().catch(() => {})))")
    return page


def _keep(png: bytes, path: Path) -> None:
    """As the best WebP that fits."""
    with Image.open(io.BytesIO(png)) as image:
        for quality in (88, 80, 70, 60, 50):
            file = io.BytesIO()
            image.save(file, "WEBP", quality=quality, method=6)
            if file.tell() <= MOST_BYTES:
                break
    path.write_bytes(file.getvalue())


if __name__ == "__main__":
    main()
