"""How we speak to a store: timeouts, attempts, checksums, and what of boto3 would cost more than it is worth."""

from datetime import datetime
from typing import Any, cast

from boto3.session import Session
from botocore.config import Config
from botocore.handlers import add_expect_header
from botocore.session import Session as BotocoreSession
from botocore.utils import parse_timestamp

from jobs.settings import Settings

CONNECTIONS = 32


def s3_client(settings: Settings, endpoint: str) -> Any:  # noqa: ANN401 - boto3 makes its client classes at run time
    """A client of one endpoint, AWS' own where it is empty; connects at its first call."""
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
        user_agent="pentimento",  # botocore composes its own anew for each request, from sixteen parts
    )
    # Without a key of our own, AWS' chain finds one (instance roles, web identity).
    own = BotocoreSession()
    own.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    session = Session(
        botocore_session=own,
        aws_access_key_id=settings.s3_access_key or None,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value() or None,
        region_name=settings.s3_region,
    )
    client = session.client("s3", endpoint_url=endpoint or None, config=config)
    # Asking whether a body may come costs each picture a round trip and a quarter of a small request's CPU time.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def _moment(said: Any) -> datetime:  # noqa: ANN401 - text or a number, as a service has it
    """A time in an answer. botocore's own reader guesses at formats, which was the half of what a listing cost."""
    try:
        return datetime.fromisoformat(said)
    except (TypeError, ValueError):
        return cast("datetime", parse_timestamp(said))
