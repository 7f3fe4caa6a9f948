"""One deployment for the table: the real API, Redis and S3; a canary that nobody may reach, a site that one may."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from api.access import Scope
from api.desk import Desk
from jobs.settings import Settings
from tests.api.conftest import deployment, running
from tests.intake import pages
from tests.safety.world import Recorder, World

__all__ = ["deployment"]

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMuLi4="


@pytest.fixture(scope="session")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def world(deployment: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    (folder / "in").mkdir()
    with pages.serving() as canary, pages.serving() as site:
        settings = deployment.model_copy(
            update={
                "webhook_secret": SecretStr(SECRET),
                "fetch_ports": (80, 443, canary.port),
                "input_roots": (folder / "in",),
                "input_buckets": ("catalogue", "half/open/"),
                "max_image_bytes": 100_000,
                "max_body_bytes": 200_000,
                "max_variants": 1_000_000,
                "max_data_bytes": 20_000,
            }
        )
        own = {"redis_prefix": "keyed:", "output_uri": f"{deployment.output_uri}-keyed", "auth": "keys"}
        asking = settings.model_copy(update=own)
        gate = Desk.open(asking).gate
        gate.create("ops", {Scope.ADMIN}, label="", expires_seconds=0)
        with (
            running(settings) as run,
            running(asking) as other,
            httpx.Client(base_url=run.url, timeout=30, trust_env=False) as http,
            httpx.Client(base_url=other.url, timeout=30, trust_env=False) as keyed,
        ):
            urls = (run.url, other.url, settings.redis_url.get_secret_value(), settings.s3_endpoint)
            known = {(str(urlsplit(url).hostname), int(urlsplit(url).port or 0)) for url in urls}
            known.add(("127.0.0.1", site.port))
            yield World(settings, http, keyed, gate, canary, site, folder, known)
