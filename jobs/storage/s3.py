"""Results and most init images lie in an S3-compatible store; with `s3_client` the only importer of boto3.

Path-style addresses, SigV4, checksums only where S3 requires them (the newer defaults break other stores than AWS'),
every call bounded in time and attempts. One client is shared by all threads.

Exactly-once writes want `If-None-Match: *`, which some stores ignore without a word. A probe, once per process, writes
the same key twice and looks for the 412; where it does not come, `write(..., if_absent=True)` looks before it puts,
which leaves a narrow race between two writers. `conditional_put` says which promise holds.

A store that refuses our credentials is the deployment's fault for our own bucket (`StorageUnavailable`), and the
caller's for any other (`ForbiddenUri`: it is often how a store says that the object does not exist).
"""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from jobs.errors import ForbiddenUri, ImageNotFound, PentimentoError, StorageUnavailable, TooLarge
from jobs.settings import Settings
from jobs.storage import Stat, Written
from jobs.storage.s3_client import s3_client
from jobs.uris import S3Uri, parse_s3, shown

MAX_LINK_SECONDS = 900
READ_BLOCK_BYTES = 1 << 20
CONFLICT_ATTEMPTS = 3

_REFUSED_STATUS = frozenset({401, 403})
_REFUSED_CODES = frozenset({"AuthorizationHeaderMalformed", "InvalidAccessKeyId", "SignatureDoesNotMatch"})


class S3Storage:
    """Objects of one S3-compatible endpoint. Made from the settings; connects on first use."""

    def __init__(self, settings: Settings) -> None:
        self._endpoint = settings.s3_endpoint
        self._own = parse_s3(settings.output_uri, folder=True) if settings.output_uri.startswith("s3:") else None
        self._region = settings.s3_region
        self._client = s3_client(settings, settings.s3_endpoint)
        public = settings.s3_public_endpoint
        self._signer = s3_client(settings, public) if public else self._client
        self._probe_lock = threading.Lock()
        self._probed: bool | None = None

    @property
    def conditional_put(self) -> bool:
        """Whether the store honours `If-None-Match: *`; asks it on first use.

        Raises:
            StorageUnavailable: the store could not be asked.

        """
        with self._probe_lock:
            if self._probed is None:
                self._probed = self._probe()
            return self._probed

    def read(self, uri: str, *, limit: int) -> bytes:
        """All bytes at `uri`."""
        at = parse_s3(uri)
        try:
            answer = self._client.get_object(Bucket=at.bucket, Key=at.key)
            # Not `with answer["Body"]`: that gives the raw stream, which takes a cut connection for the end.
            with closing(answer["Body"]) as body:
                if _length(answer, uri) > limit:
                    raise _too_large(uri, limit)
                blocks, size = [], 0
                while block := body.read(READ_BLOCK_BYTES):
                    size += len(block)
                    if size > limit:
                        raise _too_large(uri, limit)
                    blocks.append(block)
                return b"".join(blocks)
        except (BotoCoreError, ClientError) as error:
            raise self._translated(error, at, "read") from error

    def write(self, uri: str, data: bytes, content_type: str, *, if_absent: bool) -> Written:
        """Put `data` at `uri`."""
        at = parse_s3(uri)
        if not if_absent:
            self._put(at, data, content_type)
            return Written.CREATED
        if self.conditional_put:
            return self._put_if_absent(at, data, content_type)
        if self.head(uri) is not None:
            return Written.EXISTS
        self._put(at, data, content_type)
        return Written.CREATED

    def write_file(self, uri: str, path: str, content_type: str) -> None:
        """Put a local file there, in parts where it is large."""
        at = parse_s3(uri)
        try:
            self._client.upload_file(
                path,
                at.bucket,
                at.key,
                ExtraArgs={"ContentType": content_type},
                Config=TransferConfig(max_concurrency=4),
            )
        except S3UploadFailedError as error:
            cause = error.__context__ if isinstance(error.__context__, (BotoCoreError, ClientError)) else None
            raise self._translated(cause or error, at, "write") from error
        except (BotoCoreError, ClientError) as error:
            raise self._translated(error, at, "write") from error

    def head(self, uri: str) -> Stat | None:
        """Size and etag, None where nothing is there."""
        at = parse_s3(uri)
        try:
            answer = self._client.head_object(Bucket=at.bucket, Key=at.key)
        except (BotoCoreError, ClientError) as error:
            translated = self._translated(error, at, "look at")
            if isinstance(translated, ImageNotFound):
                return None
            raise translated from error
        return Stat(uri, _length(answer, uri), str(answer.get("ETag", "")).strip('"'))

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[Stat]:
        """Objects below `prefix`, a page of a thousand at a time, without folder markers (keys that end in `/`)."""
        bucket, _, key = prefix.removeprefix("s3://").partition("/")
        at = S3Uri(parse_s3(f"s3://{bucket}", folder=True).bucket, key)
        after = start_after.removeprefix(f"s3://{bucket}/")
        if after.startswith("s3://"):
            raise ForbiddenUri(f"start_after '{shown(start_after)}' is not in bucket {bucket!r}")
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=at.bucket, Prefix=at.key, **({"StartAfter": after} if after else {})
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    if found["Key"] > after and not found["Key"].endswith("/"):
                        uri = str(S3Uri(bucket, found["Key"]))
                        yield Stat(uri, int(found["Size"]), str(found.get("ETag", "")).strip('"'))
        except (BotoCoreError, ClientError) as error:
            raise self._translated(error, at, "list") from error

    def delete(self, uri: str) -> None:
        """Remove the object; nothing there is no error."""
        at = parse_s3(uri)
        try:
            self._client.delete_object(Bucket=at.bucket, Key=at.key)
        except (BotoCoreError, ClientError) as error:
            translated = self._translated(error, at, "delete")
            if not isinstance(translated, ImageNotFound):
                raise translated from error

    def link(self, uri: str, *, ttl_seconds: int) -> str:
        """Give a presigned GET, on the public endpoint where there is one.

        Raises:
            ValueError: `ttl_seconds` is not within 1..900.

        """
        if not 1 <= ttl_seconds <= MAX_LINK_SECONDS:
            raise ValueError(f"ttl_seconds must be within 1..{MAX_LINK_SECONDS}, got {ttl_seconds}")
        at = parse_s3(uri)
        parameters = {"Bucket": at.bucket, "Key": at.key}
        try:
            return str(self._signer.generate_presigned_url("get_object", Params=parameters, ExpiresIn=ttl_seconds))
        except BotoCoreError as error:
            raise self._translated(error, at, "sign a link to") from error

    def ensure_bucket(self) -> None:
        """Create the bucket of the output URI where it is missing.

        Raises:
            StorageUnavailable: the store did not answer, or does not let us.

        """
        if self._own is None:
            return
        bucket = self._own.bucket
        try:
            self._client.head_bucket(Bucket=bucket)
        except (BotoCoreError, ClientError) as error:
            if _status(error) != 404:
                raise self._translated(error, self._own, "look at the bucket of") from error
            self._create_bucket(bucket)

    def _create_bucket(self, bucket: str) -> None:
        where: dict[str, Any] = {}
        if not self._endpoint and self._region != "us-east-1":
            where = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        try:
            self._client.create_bucket(Bucket=bucket, **where)
        except (BotoCoreError, ClientError) as error:
            if _code(error) not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise self._translated(error, S3Uri(bucket, ""), "create the bucket of") from error

    def _put(self, at: S3Uri, data: bytes, content_type: str, **condition: str) -> None:
        try:
            self._client.put_object(Bucket=at.bucket, Key=at.key, Body=data, ContentType=content_type, **condition)
        except (BotoCoreError, ClientError) as error:
            raise self._translated(error, at, "write") from error

    def _put_if_absent(self, at: S3Uri, data: bytes, content_type: str) -> Written:
        """Put with the condition. A 409 means that two such writes met; whoever comes again learns who won."""
        for _ in range(CONFLICT_ATTEMPTS):
            try:
                self._put(at, data, content_type, IfNoneMatch="*")
            except StorageUnavailable as error:
                status = _status(error.__cause__)
                if status == 412:
                    return Written.EXISTS
                if status != 409:
                    raise
            else:
                return Written.CREATED
        raise StorageUnavailable(f"two writers kept meeting at '{at}'", remedy="It is tried again by itself.")

    def _probe(self) -> bool:
        folder = self._own or S3Uri("", "")
        prefix = f"{folder.key.rstrip('/')}/" if folder.key.rstrip("/") else ""
        at = S3Uri(folder.bucket, f"{prefix}_probe/conditional-put.txt")
        if not at.bucket:
            return False
        try:
            for _ in range(2):
                self._put(at, b"Written twice to see whether If-None-Match holds.\n", "text/plain", IfNoneMatch="*")
        except StorageUnavailable as error:
            status = _status(error.__cause__)
            if status in {412, 501}:
                return status == 412
            raise
        return False

    def _translated(self, error: Exception, at: S3Uri, doing: str) -> PentimentoError:
        status, code, own = _status(error), _code(error), self._own is not None and at.bucket == self._own.bucket
        where = self._endpoint or f"AWS, {self._region}"
        said = f"the store ({where}) could not {doing} '{at}': {code or type(error).__name__}"
        if code == "NoSuchBucket" and own:
            return StorageUnavailable(said, remedy=f"Create the bucket {at.bucket}, or change PENTIMENTO_OUTPUT_URI.")
        if status == 404:
            return ImageNotFound(f"nothing lies at '{at}'", remedy="Check the bucket and the key.")
        if status in _REFUSED_STATUS or code in _REFUSED_CODES:
            if own:
                remedy = (
                    "Check PENTIMENTO_S3_ACCESS_KEY, PENTIMENTO_S3_SECRET_KEY, PENTIMENTO_S3_REGION and the policy."
                )
                return StorageUnavailable(said, remedy=remedy)
            remedy = "Check that the object exists, and let this deployment's credentials read the bucket."
            return ForbiddenUri(said, remedy=remedy)
        return StorageUnavailable(said, remedy="Check that the store is up and PENTIMENTO_S3_ENDPOINT names it.")


def _length(answer: dict[str, Any], uri: str) -> int:
    """The object's size in bytes; an answer that was cut within its headers may lack it, and says nothing then."""
    if "ContentLength" not in answer:
        raise StorageUnavailable(f"the store's answer about '{uri}' broke off", remedy="It is tried again by itself.")
    return int(answer["ContentLength"])


def _too_large(uri: str, limit: int) -> TooLarge:
    return TooLarge(f"'{shown(uri)}' holds more than {limit} bytes", remedy="Use a smaller file.")


def _status(error: BaseException | None) -> int:
    return int(error.response["ResponseMetadata"].get("HTTPStatusCode", 0)) if isinstance(error, ClientError) else 0


def _code(error: BaseException | None) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
