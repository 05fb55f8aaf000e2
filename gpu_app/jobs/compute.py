"""The device: PyTorch on a GPU; where there is none, PyTorch or NumPy on the CPU."""

import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch

Matrix = np.ndarray[Any, np.dtype[np.float32]]
Indices = np.ndarray[Any, np.dtype[np.int64]]

_SCORES_AT_ONCE = 64 * 2**20  # how many scores are held at a time: 256 MiB as float32


class Backend(Protocol):
    device: str  # for people: "NVIDIA H100 80GB HBM3", "cpu"

    def matmul_seconds(self, size: int, dtype: str, repeats: int) -> float:
        """Of one product of two square matrices, on average, after a warm-up."""

    def copy_seconds(self, size: int, dtype: str, repeats: int) -> float:
        """Of one copy of a square matrix within the device's memory."""

    def top_k(self, corpus: Matrix, queries: Matrix, k: int) -> tuple[Indices, Matrix]:
        """Row numbers of `corpus` with the highest dot product with each query, highest first; and these."""


def backend() -> Backend:
    return Torch() if importlib.util.find_spec("torch") else Numpy()


class Torch:
    def __init__(self) -> None:
        import torch  # noqa: PLC0415  # takes seconds, and NumPy alone does without

        self._torch = torch
        self._on = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.device = torch.cuda.get_device_name() if self._on.type == "cuda" else "cpu (PyTorch)"

    def matmul_seconds(self, size: int, dtype: str, repeats: int) -> float:
        with self._fitting():
            a, b = self._random(size, dtype), self._random(size, dtype)
            return self._seconds(lambda: a @ b, repeats)

    def copy_seconds(self, size: int, dtype: str, repeats: int) -> float:
        with self._fitting():
            a = self._random(size, dtype)
            b = self._torch.empty_like(a)
            return self._seconds(lambda: b.copy_(a), repeats)

    def top_k(self, corpus: Matrix, queries: Matrix, k: int) -> tuple[Indices, Matrix]:
        with self._fitting():
            columns = self._torch.from_numpy(corpus).to(self._on).T
            indices, scores = [], []
            for some in _batches(queries, len(corpus)):
                best = (self._torch.from_numpy(some).to(self._on) @ columns).topk(k, dim=1)
                indices.append(best.indices.cpu().numpy())
                scores.append(best.values.cpu().numpy())
        return np.concatenate(indices), np.concatenate(scores)

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        try:
            yield
        except self._torch.OutOfMemoryError:  # no other try would have more
            raise ValueError(f"The job does not fit in the memory of the device, {self.device}.") from None

    def _random(self, size: int, dtype: str) -> "torch.Tensor":
        return self._torch.randn(size, size, device=self._on, dtype=getattr(self._torch, dtype))

    def _seconds(self, work: Callable[[], object], repeats: int) -> float:
        work()
        self._finish()
        began = time.perf_counter()
        for _ in range(repeats):
            work()
        self._finish()
        return (time.perf_counter() - began) / repeats

    def _finish(self) -> None:
        """A GPU goes on after its call has returned: without this only the asking is timed."""
        if self._on.type == "cuda":
            self._torch.cuda.synchronize()


class Numpy:
    device = "cpu (NumPy)"

    def matmul_seconds(self, size: int, dtype: str, repeats: int) -> float:
        a, b = _random(size, dtype), _random(size, dtype)
        return _seconds(lambda: a @ b, repeats)

    def copy_seconds(self, size: int, dtype: str, repeats: int) -> float:
        a = _random(size, dtype)
        b = np.empty_like(a)
        return _seconds(lambda: np.copyto(b, a), repeats)

    def top_k(self, corpus: Matrix, queries: Matrix, k: int) -> tuple[Indices, Matrix]:
        indices, scores = [], []
        for some in _batches(queries, len(corpus)):
            of_all = some @ corpus.T
            best = np.argpartition(-of_all, k - 1, axis=1)[:, :k]
            order = np.argsort(-np.take_along_axis(of_all, best, 1), axis=1, kind="stable")
            indices.append(np.take_along_axis(best, order, 1))
            scores.append(np.take_along_axis(of_all, indices[-1], 1))
        return np.concatenate(indices), np.concatenate(scores)


def _batches(queries: Matrix, corpus_rows: int) -> list[Matrix]:
    rows = max(1, _SCORES_AT_ONCE // corpus_rows)
    return [queries[at : at + rows] for at in range(0, len(queries), rows)]


def _random(size: int, dtype: str) -> "np.ndarray[Any, Any]":
    if dtype == "bfloat16":
        raise ValueError("bfloat16 needs PyTorch, and this device has only NumPy.")
    return np.random.default_rng(0).standard_normal((size, size)).astype(dtype)


def _seconds(work: Callable[[], object], repeats: int) -> float:
    work()
    began = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - began) / repeats
