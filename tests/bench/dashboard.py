"""A job of a hundred thousand settled cells in a real Chromium: when its sheet is there, and whether it scrolls.

The job is settled in the ledger without an engine, and every thumbnail is the same small picture, so that the figures
are the page's and the API's. "First paint" is the first drawing that knows the cells' states, from the navigation on.
"""

import io
import shutil
import statistics
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, Route, sync_playwright

from api.cli.bench import Figure
from api.stack import Stack
from tests.bench._hands import hands_at

NAME = "dashboard"
SUMMARY = (
    "A job of 100,000 settled cells in Chromium: first paint of its sheet, longest frame of a scroll, page weight."
)
RUNS = 5
GOAL_PAINT_S = 1.5
GOAL_FRAME_MS = 100.0
SCROLL_MS = 3000
SPEC = {
    "name": "a hundred thousand",
    "images": ["https://example.org/boat.png"],
    "model": "tiny",
    "prompt": "a {medium} of a boat",
    "strength": {"linspace": [0.1, 0.9, 1000]},
    "matrix": {"medium": [f"medium {number}" for number in range(10)]},
    "samples": 10,
    "output": {"sheet": False},
}
_SCROLLED = """(milliseconds) => new Promise((resolve) => {
  const sheet = document.querySelector('.sheet'), frames = [];
  let began = 0, last = 0;
  requestAnimationFrame(function frame(now) {
    began ||= now;
    if (last) frames.push(now - last);
    last = now;
    sheet.scrollTop += 90;
    if (now - began < milliseconds) requestAnimationFrame(frame); else resolve(Math.max(...frames));
  });
})"""


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS times, each in a window of its own: open the job, wait for its sheet, scroll."""
    paints, frames = [], []
    with tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder, Stack(Path(folder), workers=0) as stack:
        job = _settled_job(stack, progress)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for number in range(RUNS):
                paint, frame = _seen(browser, f"{stack.api_url}/jobs/{job}")
                paints.append(paint)
                frames.append(frame)
                progress(f"round {number + 1} of {RUNS}: painted after {paint:.2f} s, longest frame {frame:.0f} ms")
            browser.close()
    paint, frame = statistics.median(paints), statistics.median(frames)
    return [
        Figure("first paint of the sheet", round(paint, 3), "s", f"< {GOAL_PAINT_S:g} s", paint < GOAL_PAINT_S),
        Figure("longest frame while it scrolls", frame, "ms", f"≤ {GOAL_FRAME_MS:g} ms", frame <= GOAL_FRAME_MS),
    ]


def _seen(browser: Browser, url: str) -> tuple[float, float]:
    """Seconds to the first paint, and milliseconds of the longest frame."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page: Page = context.new_page()
    page.route("**/thumb*", _thumb)
    page.goto(url, wait_until="commit")
    page.locator(".sheet[data-painted]").wait_for(state="attached", timeout=60_000)
    painted = float(page.locator(".sheet").get_attribute("data-painted") or "inf") / 1000
    page.locator(".sheet:not([data-pictures='0'])").wait_for(state="attached", timeout=60_000)
    longest = float(page.evaluate(_SCROLLED, SCROLL_MS))
    context.close()
    return painted, longest


def _thumb(route: Route) -> None:
    if "/thumbs" in route.request.url:
        route.continue_()
    else:
        route.fulfill(body=_picture(), content_type="image/webp")


@lru_cache(maxsize=1)
def _picture() -> bytes:
    """As large as a worker makes them."""
    file = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(file, "WEBP", quality=80)
    return file.getvalue()


def _settled_job(stack: Stack, progress: Callable[[str], None]) -> str:
    hands = hands_at(stack)
    with httpx.Client(base_url=stack.api_url, timeout=30, trust_env=False) as http:
        job = str(http.post("/v1/jobs", json=SPEC).raise_for_status().json()["id"])
    hands.plan(job)
    progress(f"settling {hands.desk.book.describe(job).count} variants")
    while hands.desk.book.describe(job).open:
        lease = hands.lease()
        hands.leasing.settle(lease, range(lease.start, lease.stop))
        hands.leasing.release(lease, [], chunk=512)
    hands.finish()
    return job
