"""The bucket: inputs are read from it, and each job's result is written to it once."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import numpy as np
from botocore.config import Config
from botocore.exceptions import ClientError

MOST_BYTES = 2 * 2**30  # of an input, as the bucket has it
_PATIENCE = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 5, "mode": "standard"})


@dataclass(frozen=True)
class Storage:
    client: Any  # of boto3, for S3
    bucket: str
    access_key_id: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Storage":
        """With the key and the bucket that the Modal Secret gives.

        Raises:
            KeyError: one of them is not in the environment.
        """
        client = boto3.client("s3", region_name=environ.get("AWS_REGION", "us-east-1"), config=_PATIENCE)
        return cls(client, environ["S3_BUCKET"], environ["AWS_ACCESS_KEY_ID"])

    def matrix(self, key: str) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """A two-dimensional .npy array, as float32.

        Raises:
            ValueError: there is none of that name, it is too large, or it is something else. Pickled objects
                are refused.
        """
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
        except self.client.exceptions.NoSuchKey:
            raise ValueError(f"There is no {key} in {self.bucket}.") from None
        if answer["ContentLength"] > MOST_BYTES:
            raise ValueError(f"{key} is larger than {MOST_BYTES // 2**20} MiB: cut it into parts.")
        try:
            found = np.load(io.BytesIO(answer["Body"].read()), allow_pickle=False)
        except (ValueError, EOFError, MemoryError) as error:  # a header may promise any size
            raise ValueError(f"{key} is not an .npy array: {error}") from None
        if getattr(found, "ndim", 0) != 2 or 0 in found.shape:  # noqa: PLR2004  # a matrix
            raise ValueError(f"{key} is not a matrix with rows and columns.")
        if found.dtype.kind not in "fiu":
            raise ValueError(f"{key} holds {found.dtype}, not real numbers.")
        with np.errstate(over="ignore"):
            matrix = found.astype(np.float32, copy=False)
        if not np.isfinite(matrix).all():
            raise ValueError(f"{key} holds what is no finite number as float32.")
        return matrix

    def put_array(self, key: str, array: "np.ndarray[Any, Any]") -> None:
        body = io.BytesIO()
        np.save(body, array, allow_pickle=False)
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body.getvalue())

    def result(self, job_id: str) -> dict[str, Any] | None:
        try:
            body = self.client.get_object(Bucket=self.bucket, Key=_result_key(job_id))["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return None
        found: dict[str, Any] = json.loads(body)
        return found

    def put_result(self, job_id: str, result: Mapping[str, Any]) -> bool:
        """Whether it was the first; a result that is there is never replaced.

        S3's conditional write decides, so of two containers with the same job one has the word:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        try:
            self.client.put_object(
                Bucket=self.bucket,
                Key=_result_key(job_id),
                Body=json.dumps(result).encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict"}:
                return False
            raise
        return True


def folder(job_id: str) -> str:
    return f"results/{job_id}"


def _result_key(job_id: str) -> str:
    return f"{folder(job_id)}/result.json"
