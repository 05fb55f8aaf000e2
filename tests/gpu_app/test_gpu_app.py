"""The GPU executor, deployed and called as its users call it; its containers have no GPU here."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from jobs.compute import Numpy
from jobs.payload import validated
from jobs.run import run
from jobs.storage import Storage

RANDOM = np.random.default_rng(7)


def test_the_nearest_rows_are_found_exactly_and_written_back_with_the_key_it_ran_with(deployed):
    corpus = RANDOM.standard_normal((500, 16)).astype(np.float32)
    queries = np.vstack([corpus[3] * 9, corpus[250], np.zeros(16)]).astype(np.float32)
    deployed.put("inputs/corpus.npy", corpus)
    deployed.put("inputs/queries.npy", queries)

    result = deployed.run(
        job_id="near-1", kind="nearest", corpus="inputs/corpus.npy", queries="inputs/queries.npy", k=4
    )

    indices, scores = deployed.array(result["indices"]), deployed.array(result["scores"])
    unit = corpus / np.linalg.norm(corpus, axis=1, keepdims=True)
    expected = np.argsort(-(unit @ unit[[3, 250]].T).T, axis=1)[:, :4]
    assert indices[:2].tolist() == expected.tolist()
    assert np.allclose(scores[:, 0], [1, 1, 0], atol=1e-5)
    assert result["aws_access_key_id"] == deployed.access_key_id
    assert result["device"].startswith("cpu")
    assert {"read", "compute", "write"} == set(result["seconds"])


def test_a_device_is_measured(deployed):
    result = deployed.run(job_id="bench-1", kind="benchmark", sizes=[64, 128], repeats=3)

    assert [row["size"] for row in result["results"]] == [64, 128]
    assert all(row["tflops"] > 0 and row["copy_gb_per_second"] > 0 for row in result["results"])


def test_the_same_job_again_is_done_once_and_its_id_is_no_other_jobs(deployed):
    first = deployed.run(job_id="once", kind="benchmark", sizes=[64])
    again = deployed.run(job_id="once", kind="benchmark", sizes=[64])

    assert again == {**first, "repeated": True}
    kept = deployed.s3.get_object(Bucket="rentagpu-artifacts", Key="results/once/result.json")
    assert json.loads(kept["Body"].read()) == first
    with pytest.raises(ValueError, match="Take another job_id"):
        deployed.run(job_id="once", kind="benchmark", sizes=[128])


def test_a_job_whose_container_dies_is_done_by_another(deployed):
    with ThreadPoolExecutor() as pool:
        call = pool.submit(deployed.run, job_id="survivor", kind="benchmark", sizes=[1024], repeats=40)
        killed = deployed.kill_what_runs("Executor.*")
        result = call.result(timeout=60)

    assert result["container_id"] != killed
    assert not result["repeated"]


def test_a_wrong_payload_wakes_no_gpu_and_every_mistake_in_it_is_named(deployed):
    before = deployed.plane.world()["function_calls"]
    with pytest.raises(ValueError, match="payload is wrong") as wrong:
        deployed.run(job_id="../x", kind="nearest", corpus="secrets/a.npy", queries="inputs/q.npy", k=0)

    told = str(wrong.value)
    assert {"nearest.job_id", "nearest.corpus", "nearest.k"} == {
        line.partition(":")[0] for line in told.splitlines()[1:]
    }
    assert deployed.plane.world()["function_calls"] == before + 1
    assert deployed.keys("results/..") == []


@pytest.mark.parametrize(
    ("array", "k", "says"),
    [
        (None, 1, "There is no inputs/"),
        (b"not an array", 1, "is not an .npy"),
        (np.zeros(4, np.float32), 1, "not a matrix"),
        (np.array([[{}]], dtype=object), 1, "is not an .npy array"),
        (np.ones((3, 4), np.complex64), 1, "not real numbers"),
        (np.array([[1, 2, 3, np.nan]]), 1, "no finite number"),
        (np.array([[1, 2, 3, 1e300]]), 1, "no finite number"),
        (np.zeros((3, 5), np.float32), 1, "must agree"),
        (np.zeros((2, 4), np.float32), 3, "has only 2 rows"),
    ],
)
def test_an_input_that_will_not_do_is_named(deployed, request, array, k, says):
    key = f"inputs/{request.node.callspec.id.encode().hex()}.npy"
    if isinstance(array, bytes):
        deployed.s3.put_object(Bucket="rentagpu-artifacts", Key=key, Body=array)
    elif array is not None:
        deployed.put(key, array)
    deployed.put("inputs/four.npy", np.ones((1, 4), np.float32))

    with pytest.raises(ValueError, match=says):
        deployed.run(job_id="odd", kind="nearest", corpus=key, queries="inputs/four.npy", k=k)
    assert deployed.keys("results/odd") == []


@pytest.fixture
def storage(deployed):
    return Storage(deployed.s3, "rentagpu-artifacts", deployed.access_key_id)


def test_what_no_container_could_hold_is_refused_before_it_is_read(storage, deployed, monkeypatch):
    deployed.put("inputs/large.npy", np.ones((4, 4), np.float32))
    monkeypatch.setattr("jobs.storage.MOST_BYTES", 100)
    with pytest.raises(ValueError, match=r"inputs/large.npy is larger"):
        storage.matrix("inputs/large.npy")


@pytest.mark.parametrize(
    ("limit", "says"), [("MOST_BYTES", "The answer is larger"), ("MOST_WORK", "operations are")]
)
def test_a_job_that_would_not_end_is_refused_before_it_begins(storage, deployed, monkeypatch, limit, says):
    deployed.put("inputs/some.npy", np.ones((4, 4), np.float32))
    same = {"corpus": "inputs/some.npy", "queries": "inputs/some.npy"}
    job = validated({"job_id": limit, "kind": "nearest", "k": 2, **same})
    monkeypatch.setattr(f"jobs.run.{limit}", 30)
    with pytest.raises(ValueError, match=says):
        run(job, storage, Numpy(), "ta-1")


@pytest.mark.parametrize("sizes", [[32_768], [], [16] * 17])
def test_a_benchmark_has_an_end(sizes):
    with pytest.raises(ValueError, match="payload is wrong"):
        validated({"job_id": "a", "kind": "benchmark", "sizes": sizes, "repeats": 1000})


def test_of_two_payloads_of_one_id_at_the_same_time_the_result_is_whole(storage, deployed):
    rows = RANDOM.standard_normal((9, 4)).astype(np.float32)
    deployed.put("inputs/rows.npy", rows)
    same = {"job_id": "race", "kind": "nearest", "corpus": "inputs/rows.npy", "queries": "inputs/rows.npy"}

    class Overtaken(Numpy):
        def top_k(self, *asked):
            self.other = run(validated({**same, "k": 2}), storage, Numpy(), "ta-2")
            return super().top_k(*asked)

    slow = Overtaken()
    with pytest.raises(ValueError, match="Take another job_id"):
        run(validated({**same, "k": 5}), storage, slow, "ta-1")
    assert deployed.array(slow.other["indices"]).shape == (9, 2)


def test_a_key_that_is_dead_is_told_in_words_that_need_no_boto3(deployed, monkeypatch):
    dead = {"AWS_ACCESS_KEY_ID": "AKIADEADDEADDEADDEAD", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    for name, value in {**dead, "S3_BUCKET": "rentagpu-artifacts", "MODAL_TASK_ID": "ta-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", deployed.aws_url)
    executor = sys.modules["app"].Executor()
    with pytest.raises(RuntimeError, match=r"InvalidAccessKeyId.*ran with the key AKIADEAD") as told:
        executor.run.local({"job_id": "dead", "kind": "benchmark", "sizes": [16]})
    assert type(told.value) is RuntimeError


def test_the_function_that_takes_the_payload_outlasts_a_job_with_all_its_retries():
    settings = sys.modules["app"].SETTINGS
    tries = settings["retries"]["times"] + 1
    assert settings["timeouts"]["front_seconds"] > tries * settings["timeouts"]["job_seconds"] + 60


def test_what_does_not_fit_in_memory_at_once_is_done_in_parts_with_the_same_result(monkeypatch):
    corpus, queries = RANDOM.standard_normal((40, 8)), RANDOM.standard_normal((11, 8))
    whole = Numpy().top_k(corpus, queries, 3)
    monkeypatch.setattr("jobs.compute._SCORES_AT_ONCE", 100)
    parts = Numpy().top_k(corpus, queries, 3)
    assert np.array_equal(whole[0], parts[0])


def test_pytorch_gives_what_numpy_gives():
    pytest.importorskip("torch", reason="PyTorch is hundreds of megabytes, and CI has no GPU")
    from jobs.compute import Torch  # noqa: PLC0415

    corpus = RANDOM.standard_normal((60, 8)).astype(np.float32)
    queries = RANDOM.standard_normal((9, 8)).astype(np.float32)
    assert np.array_equal(Torch().top_k(corpus, queries, 5)[0], Numpy().top_k(corpus, queries, 5)[0])
    assert Torch().matmul_seconds(64, "bfloat16", 2) > 0


def test_a_payload_reads_back_as_it_was_sent():
    payload = {"job_id": "a", "kind": "nearest", "corpus": "inputs/a", "queries": "inputs/b"}
    job = validated(payload)
    assert validated(job.model_dump(mode="json")) == job
