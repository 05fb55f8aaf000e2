"""One job, from its payload to the result in the bucket; done twice is as good as once."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from jobs.compute import Backend, Matrix
from jobs.payload import MOST_WORK, Benchmark, Job, Nearest
from jobs.storage import MOST_BYTES, Storage, folder

_BYTES_A_NEIGHBOUR = 12  # its row and its score


def run(job: Job, storage: Storage, backend: Backend, container_id: str) -> dict[str, Any]:
    """The result, as it is kept: what was found, the device, seconds, and the key that it ran with.

    Raises:
        ValueError: an input is missing or wrong, or the id was used for another payload.
    """
    earlier = storage.result(job.job_id)
    if earlier is None:
        result = _fresh(job, storage, backend, container_id)
        if storage.put_result(job.job_id, result):
            return result
        earlier = storage.result(job.job_id) or result  # another container was quicker
    if earlier["payload_sha256"] != _digest(job):
        raise ValueError(f"Job {job.job_id} was another payload: its result is kept. Take another job_id.")
    return {**earlier, "repeated": True}


def _fresh(job: Job, storage: Storage, backend: Backend, container_id: str) -> dict[str, Any]:
    seconds: dict[str, float] = {}
    match job:
        case Benchmark():
            found = _benchmark(job, backend, seconds)
        case Nearest():
            found = _nearest(job, storage, backend, seconds, f"{folder(job.job_id)}/{container_id}")
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "payload_sha256": _digest(job),
        "device": backend.device,
        "seconds": seconds,
        "aws_access_key_id": storage.access_key_id,
        "container_id": container_id,
        "repeated": False,
        **found,
    }


def _benchmark(job: Benchmark, backend: Backend, seconds: dict[str, float]) -> dict[str, Any]:
    bytes_each = 4 if job.dtype == "float32" else 2
    rows = []
    with _timed(seconds, "compute"):
        for size in job.sizes:
            product = backend.matmul_seconds(size, job.dtype, job.repeats)
            copy = backend.copy_seconds(size, job.dtype, job.repeats)
            rows.append(
                {
                    "size": size,
                    "dtype": job.dtype,
                    "tflops": 2 * size**3 / product / 1e12,
                    "copy_gb_per_second": 2 * size**2 * bytes_each / copy / 1e9,  # read and written
                }
            )
    return {"results": rows}


def _nearest(
    job: Nearest, storage: Storage, backend: Backend, seconds: dict[str, float], where: str
) -> dict[str, Any]:
    """`where` is this container's own: of two at the same job, the result tells of one's arrays alone."""
    with _timed(seconds, "read"):
        corpus, queries = storage.matrix(job.corpus), storage.matrix(job.queries)
    if corpus.shape[1] != queries.shape[1]:
        raise ValueError(
            f"{job.corpus} has {corpus.shape[1]} columns, {job.queries} {queries.shape[1]}: they must agree."
        )
    if job.k > len(corpus):
        raise ValueError(f"k is {job.k}, and {job.corpus} has only {len(corpus)} rows.")
    if len(queries) * job.k * _BYTES_A_NEIGHBOUR > MOST_BYTES:
        raise ValueError(f"The answer is larger than {MOST_BYTES // 2**20} MiB: ask with fewer queries.")
    if (work := 2.0 * len(corpus) * len(queries) * corpus.shape[1]) > MOST_WORK:
        raise ValueError(f"{work:.1e} operations are more than {MOST_WORK:.0e}: ask with fewer queries.")
    with _timed(seconds, "compute"):
        if job.metric == "cosine":
            corpus, queries = _unit(corpus), _unit(queries)
        indices, scores = backend.top_k(corpus, queries, job.k)
    kept = {name: f"{where}/{name}.npy" for name in ("indices", "scores")}
    with _timed(seconds, "write"):
        storage.put_array(kept["indices"], indices)
        storage.put_array(kept["scores"], scores)
    return {"rows": len(corpus), "queries": len(queries), "k": job.k, **kept}


def _unit(rows: Matrix) -> Matrix:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)


def _digest(job: Job) -> str:
    return hashlib.sha256(json.dumps(job.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


@contextmanager
def _timed(seconds: dict[str, float], what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[what] = time.perf_counter() - began
