"""Hands without an engine at the ledger of a running stack: what benches of the control plane settle variants with."""

from pydantic import SecretStr

from api.desk import Desk
from api.stack import Stack
from jobs.settings import Settings
from tests.api.conftest import Hands


def hands_at(stack: Stack) -> Hands:
    """A desk of this process over the stack's Redis and storage."""
    said = stack.environment
    return Hands(
        Desk.open(
            Settings(
                redis_url=SecretStr(said["PENTIMENTO_REDIS_URL"]),
                s3_endpoint=stack.s3_endpoint,
                s3_access_key=said["PENTIMENTO_S3_ACCESS_KEY"],
                s3_secret_key=SecretStr(said["PENTIMENTO_S3_SECRET_KEY"]),
                output_uri=said.get("PENTIMENTO_OUTPUT_URI", "s3://pentimento"),
            )
        )
    )
