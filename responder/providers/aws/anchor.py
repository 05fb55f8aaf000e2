"""Checkpoints of the journal in an S3 bucket with Object Lock: who rewrites the journal cannot follow here.

In compliance mode nobody deletes or overwrites a version before its time, the account's root included:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from responder.action import Connections
from responder.errors import RejectedError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import PROVIDER, ask

__all__ = ["notes", "place"]

PERMISSIONS: Final = (
    "s3:PutObject",
    "s3:PutObjectRetention",
    "s3:GetObjectRetention",
    "s3:ListBucketVersions",
    "s3:GetObjectVersion",
)
_NEWEST: Final = 20  # one that holds vouches for all before it


def place(connections: Connections, bucket: str, origin: str, size: int, note: str, until: datetime) -> str:
    """Put a checkpoint there, locked until then; gives where it is.

    Raises:
        ProviderError: it is not there, or not locked.
    """
    s3 = connections.get(AwsConnection).s3
    key = f"{origin}/{size:012d}.note"
    put = ask(
        "s3:PutObject",
        s3.put_object,
        Bucket=bucket,
        Key=key,
        Body=note.encode(),
        ContentType="text/plain; charset=utf-8",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=until,
    )
    where = f"s3://{bucket}/{key}"
    version = put.get("VersionId", "null")
    # Told to who may s3:GetObjectRetention; to others it looks unlocked.
    kept = ask("s3:GetObjectVersion", s3.head_object, Bucket=bucket, Key=key, VersionId=version)
    locked = kept.get("ObjectLockMode") == "COMPLIANCE"
    if not locked or kept["ObjectLockRetainUntilDate"] < until - timedelta(seconds=1):
        raise RejectedError(
            PROVIDER,
            "s3:GetObjectRetention",
            f"{where} was written, and is not seen to be locked until {until:%Y-%m-%d}",
            next_step="Turn on Object Lock for the bucket, and allow the operator s3:GetObjectRetention.",
        )
    return f"{where}?versionId={version}, locked until {until:%Y-%m-%d}"


def notes(connections: Connections, bucket: str, origin: str) -> Iterator[tuple[str, bytes]]:
    """The newest checkpoints of the journal, each with where it is; hidden and overwritten versions too.

    Raises:
        ProviderError: they cannot be read.
    """
    s3 = connections.get(AwsConnection).s3
    found: list[tuple[str, str]] = []
    pages = iter(s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=f"{origin}/"))
    while page := ask("s3:ListBucketVersions", next, pages, None):
        found += [(one.get("Key", ""), one.get("VersionId", "")) for one in page.get("Versions", [])]
        found = sorted(found)[-_NEWEST:]
    for key, version in found:
        body = ask("s3:GetObjectVersion", s3.get_object, Bucket=bucket, Key=key, VersionId=version)["Body"]
        yield f"s3://{bucket}/{key}?versionId={version}", ask("s3:GetObjectVersion", body.read)
