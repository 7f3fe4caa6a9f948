"""The deployment's settings: environment variables (prefix PENTIMENTO_) into one frozen object, read nowhere else.

Every setting has a default that works on one machine; `pentimento up` fills in the addresses of what it started.
"""

import os
from base64 import b64decode
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from jobs.errors import InvalidSpec, Problem

MAX_SECRET_CHARACTERS = 64 << 10
_PREFIX = "PENTIMENTO_"
_LAUNCHERS = {"PENTIMENTO_VENV", "PENTIMENTO_TORCH_INDEX"}  # read before there is anything to import


class SecretFiles(PydanticBaseSettingsSource):
    """PENTIMENTO_S3_SECRET_KEY_FILE names a file that holds PENTIMENTO_S3_SECRET_KEY, and so for every secret."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        """The file's text without the line's end, None where no file is named or the field is no secret.

        Raises:
            ValueError: the file can't be read.

        """
        name = f"{variable(field_name)}_FILE"
        path = os.environ.get(name) if field.annotation is SecretStr else None
        if not path:
            return None, field_name, False
        try:
            with Path(path).open(encoding="utf-8") as file:
                return file.read(MAX_SECRET_CHARACTERS).strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{name}: {path} can't be read: {error.__class__.__name__}") from error

    def __call__(self) -> dict[str, object]:
        """Every secret that a file holds."""
        read = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in read.items() if value is not None}


class Settings(BaseSettings):
    """One deployment. Sizes in bytes, times in seconds, URIs without a trailing slash."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the files that it names for secrets."""
        return init_settings, env_settings, SecretFiles(settings_cls)

    # Redis: the ledger and Celery's broker.
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"), description="the ledger and the tickets; rediss:// for TLS"
    )
    redis_prefix: str = Field("pm:", description="before every key, so that deployments may share a Redis")

    require_aof: bool = Field(
        default=True, description="refuse a Redis without an append-only file: a restart would lose every job"
    )

    # Storage. An empty endpoint means AWS itself.
    s3_endpoint: str = Field("", description="where the S3 store is; empty for AWS itself")
    s3_public_endpoint: str = Field("", description="the endpoint in presigned links, where browsers see another one")
    s3_access_key: str = Field("", description="empty: boto3 looks where it always does")
    s3_secret_key: SecretStr = Field(SecretStr(""), description="that goes with s3_access_key")
    s3_region: str = Field("us-east-1", description="that requests to the store are signed for")
    output_uri: str = Field("s3://pentimento", description="results go below <output_uri>/<caller>/<job>/")
    input_buckets: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="further buckets, or bucket/prefix/, that init images are read from (comma separated); `*`: any"
    )
    input_roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        (), description="folders that file:// init images may lie below (comma separated); none by default"
    )
    grants_file: Path | None = Field(
        None, description="what each caller may have fetched, as in jobs/grants.py; none: all the same"
    )
    fetch_private: bool = Field(
        default=False, description="init images may be fetched from loopback and private addresses (tests, one machine)"
    )
    fetch_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        (80, 443, 8080, 8443), description="ports that init images are fetched from; with fetch_private any port"
    )

    # Models and the device.
    models_file: Path | None = Field(None, description="the model table; none: the table that ships with pentimento")
    backend: str = Field(
        "local", pattern="^[a-z0-9][a-z0-9-]{0,39}$", description="local, paced, or a name of the remotes file"
    )
    remotes_file: Path | None = Field(None, description="servers of Stability's protocol that workers may render on")
    paced_seconds: float = Field(0.1, ge=0, le=600, description="what an order takes on the paced backend")
    offers: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="models of the table that this worker renders (comma separated); none: all of them"
    )
    device: str = Field(
        "auto", pattern=r"^[a-z]+(:\d{1,3})?$", description="auto, cpu, cuda, cuda:1, mps; auto:1 for a second worker"
    )
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto", description="number format, where the model table names none; auto: the device's best"
    )
    speed: Literal["auto", "plain", "traced", "graphs", "compile"] = Field(
        "auto",
        description="how a step is run: auto takes CUDA graphs, or on a CPU TorchScript traces; compile takes minutes",
    )
    rows: Literal["pinned", "free"] = Field(
        "pinned", description="free: no empty rows are computed, and the same spec may give other bytes"
    )
    warm: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="models to load and run once before any work is claimed (comma separated)"
    )
    model_bytes: int = Field(
        0, ge=0, description="weights kept on the device; beyond it the model used last goes. 0: 60% of its memory"
    )
    threads: int = Field(
        0,
        ge=0,
        description="threads for a model on the CPU; 0: all cores but one, shared by the workers that `up` starts",
    )
    cache_dir: Path = Field(Path(".pentimento/cache"), description="generated weights, fetched init images")

    # The worker's pace.
    concurrency: int = Field(4, ge=2, le=64, description="tickets at once in one worker; one is kept for urgent work")
    lease_seconds: float = Field(30, gt=0, le=600, description="after which a silent worker's work is given to others")
    ticket_seconds: float = Field(60, gt=0, le=600, description="time box of one ticket")
    tick_seconds: float = Field(1, gt=0, le=60, description="between two rounds of the reaper and dispatcher")
    chunk_seconds: float = Field(20, gt=0, le=600, description="work that a lease should cover, by measured speed")
    stall_seconds: float = Field(
        600, gt=0, le=86_400, description="a device without a step for so long ends the worker; longer than any load"
    )
    retry_base_seconds: float = Field(2, gt=0, description="first wait after a fault of the world; doubles")
    max_attempts: int = Field(4, ge=1, le=20, description="tries of one variant when the world is at fault")
    probe_host: str = Field("127.0.0.1", description="where a worker's own page listens")
    probe_port: int | None = Field(
        None, ge=0, le=65535, description="of a worker's own page (/livez, /readyz, /metrics); none: no page, 0: any"
    )
    crash_at: str = Field("", description="drills only: the point of worker.crash_points at which a worker ends")

    # Bounds.
    max_body_bytes: int = Field(1 << 20, ge=1024, description="of a job spec")
    max_data_bytes: int = Field(
        512 << 10,
        ge=0,
        description="of an init image within a job spec (data:image/…); as base64 it counts for max_body_bytes",
    )
    max_image_bytes: int = Field(32 << 20, ge=1024, description="of an init image, fetched or uploaded")
    max_image_pixels: int = Field(50_000_000, ge=64, description="of an init image, before it is decoded")
    max_variants: int = Field(1_000_000_000, ge=1, description="of one job")

    thumb_pixels: int = Field(256, ge=0, le=1024, description="of a thumbnail's longer side; 0: none are made")
    retention_days: float = Field(
        0, ge=0, le=36_500, description="finished jobs leave Redis after so long, their objects stay; 0: never"
    )

    # Callers. Without a key the API is open, and listens on loopback only.
    auth: Literal["auto", "keys"] = Field(
        "auto", description="auto: keys are asked for once there is one; keys: always"
    )
    admin_key: SecretStr = Field(
        SecretStr(""), description="a key with every scope, beside those in Redis; at least 32 characters"
    )
    key_secret: SecretStr = Field(
        SecretStr(""),
        description="keys the digests of API keys: who can write to Redis can't make one up. Never change it",
    )
    session_hours: int = Field(12, ge=1, le=720, description="after which a login to the dashboard ends")
    quota_requests: int = Field(0, ge=0, description="calls of one caller a minute; 0: no bound")
    quota_upload_bytes: int = Field(0, ge=0, description="uploads of one caller a day; 0: no bound")
    quota_active_jobs: int = Field(0, ge=0, description="jobs of one caller that are not over; 0: no bound")
    quota_queued_variants: int = Field(0, ge=0, description="variants of one caller without an outcome; 0: no bound")

    # Webhooks.
    webhook_secret: SecretStr = Field(
        SecretStr(""), description="signs webhooks: whsec_ and base64 of 24 to 64 random bytes; without it none is sent"
    )

    # The API.
    host: str = Field("127.0.0.1", description="where the API listens; beyond this machine it asks for keys")
    port: int = Field(7801, ge=0, le=65535, description="of the API; 0: any")
    api_url: str = Field("http://127.0.0.1:7801", description="where the CLI finds the API")
    api_key: SecretStr = Field(SecretStr(""), description="what the CLI shows the API, where that asks for a key")
    metrics_key: SecretStr = Field(
        SecretStr(""), description="what Prometheus and autoscalers show as a bearer token; it opens nothing else"
    )
    log_format: Literal["auto", "json", "text"] = Field("auto", description="auto: text in a terminal, else JSON lines")

    # The door for clients of Stability's protocol: gRPC-Web on the API's port, native gRPC on one of its own.
    grpc_port: int | None = Field(None, ge=0, le=65535, description="of native gRPC; none: gRPC-Web only, 0: any")
    grpc_tls_key: Path | None = Field(None, description="PEM; with grpc_tls_certificate the native door speaks TLS")
    grpc_tls_certificate: Path | None = Field(None, description="PEM, the whole chain")
    door_key: SecretStr = Field(SecretStr(""), description="clients send it as a bearer token; empty: nobody is asked")
    door_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="sites whose pages may call over gRPC-Web (comma separated), `*` for any"
    )
    door_grace_seconds: float = Field(10, ge=0, le=3600, description="after which a job that no call waits for ends")
    door_alive_seconds: float = Field(10, gt=0, le=600, description="between two signs of life to a waiting client")
    engines: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="further engine ids, each ENGINE_ID=MODEL (comma separated); `*=MODEL` for all others"
    )
    presets_file: Path | None = Field(None, description="style presets of your own, beside those that ship")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least that is logged")

    @field_validator("webhook_secret")
    @classmethod
    def _signs(cls, secret: SecretStr) -> SecretStr:
        said = secret.get_secret_value()
        try:
            good = not said or (said.startswith("whsec_") and 24 <= len(b64decode(said[6:], validate=True)) <= 64)
        except ValueError:
            good = False
        if not good:
            raise ValueError("must be whsec_ and the base64 of 24 to 64 random bytes")
        return secret

    @field_validator("admin_key")
    @classmethod
    def _long(cls, secret: SecretStr) -> SecretStr:
        if 0 < len(secret.get_secret_value()) < 32:
            raise ValueError("must be 32 characters or more; `openssl rand -hex 32` makes one")
        return secret

    @property
    def loopback(self) -> bool:
        """Whether the API listens to this machine alone."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False

    @field_validator(
        "input_buckets", "input_roots", "fetch_ports", "offers", "door_origins", "engines", "warm", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


@lru_cache(maxsize=1)
def settings() -> Settings:
    """This process's settings, read once.

    Raises:
        InvalidSpec: variables that hold what is no value of theirs; each is named, no value is told.

    """
    try:
        return Settings()
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        raise InvalidSpec([_problem(one) for one in found], source="the environment") from None


def unknown(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that begin as settings do and are none, as a typing error is: each with the nearest that is one."""
    known = {variable(name) for name in Settings.model_fields}
    files = {f"{variable(name)}_FILE" for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    strange = {name for name in environment if name.startswith(_PREFIX)} - known - files - _LAUNCHERS
    return {name: next(iter(get_close_matches(name, known, n=1)), "") for name in sorted(strange)}


def variable(field: str) -> str:
    """The environment variable of a field of `Settings`."""
    return f"{_PREFIX}{field.upper()}"


def _problem(error: ErrorDetails) -> Problem:
    field = str(error["loc"][0]) if error["loc"] else ""
    about = Settings.model_fields[field].description if field in Settings.model_fields else ""
    return Problem(variable(field), error["msg"], remedy=f"It means: {about}." if about else "")
