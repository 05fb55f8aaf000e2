"""New containers, and what runs in them, from the answer of the workload itself."""

import pickle
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest
from modal_operator import EXECUTOR, intended
from modal_proto import api_pb2
from modal_stranger import stranger

from responder.action import Call, Done, NotDone, Unknown
from responder.errors import NotFoundError
from responder.providers.modal import workload as module
from responder.providers.modal.rollover import RolloverApp, RolloverInput
from responder.providers.modal.workload import VerifyWorkload, WorkloadInput

pytest_plugins = ("modal_operator",)

ROLL, VERIFY = RolloverApp(), VerifyWorkload()
PROD = RolloverInput(app=EXECUTOR, environment="prod")
NEW = "AKIANEWNEWNEWNEWNEW0"
ANSWERS = {"aws_access_key_id": NEW, "container_id": "ta-1"}


def workload(**changed):
    return WorkloadInput(**{"app": EXECUTOR, "environment": "prod", "function": "identity", **changed})


def test_after_a_rotation_a_workload_is_proven_only_from_a_new_container(modal_operator):
    modal_operator.deploy()
    call = modal_operator.call()
    old = VERIFY.probe(call, workload())
    assert isinstance(old, Done)
    modal_operator.plane.set_secret_values("my-app-secrets", "prod", {"AWS_ACCESS_KEY_ID": NEW})
    stale = VERIFY.probe(call, workload(access_key_id=NEW))
    assert isinstance(stale, NotDone)
    assert "AKIAOLDOLDOLDOLDOLD0" in stale.why

    rolled = ROLL.apply(intended(ROLL, call, PROD), PROD)
    assert rolled.replaced == [old.output.container_id]
    fresh = VERIFY.apply(call, workload(access_key_id=NEW, replaced=rolled.replaced))
    assert fresh.access_key_id == NEW
    assert fresh.container_id != old.output.container_id


def test_an_old_container_proves_nothing_though_its_key_is_right(modal_operator):
    modal_operator.deploy()
    call = modal_operator.call()
    found = VERIFY.probe(call, workload())
    again = VERIFY.probe(call, workload(replaced=[found.output.container_id]))
    assert isinstance(again, NotDone)
    assert found.output.container_id in again.why


def test_a_rollover_by_somebody_else_is_not_taken_for_ours(modal_operator):
    modal_operator.deploy()
    ours, theirs = modal_operator.call(), modal_operator.call(modal_operator.ci_prod)
    call = intended(ROLL, ours, PROD)
    ROLL.apply(intended(ROLL, theirs, PROD), PROD)
    assert isinstance(ROLL.reconcile(call, PROD), NotDone)
    ROLL.apply(call, PROD)
    found = ROLL.reconcile(call, PROD)
    assert isinstance(found, Done)
    assert found.output.version == 3


def test_a_deployment_of_ours_is_not_taken_for_a_rollover(modal_operator):
    before = replace(modal_operator.call(), seen={"version": 0, "containers": []})
    modal_operator.deploy()
    assert isinstance(ROLL.reconcile(before, PROD), NotDone)
    ROLL.apply(before, PROD)
    assert isinstance(ROLL.reconcile(before, PROD), Done)


def test_an_app_that_is_not_deployed_cannot_be_rolled_over(modal_operator):
    with pytest.raises(NotFoundError) as missing:
        ROLL.apply(modal_operator.call(), PROD)
    assert "modal app list -e prod" in missing.value.next_step


@pytest.mark.parametrize("function", ["identity", "run_gpu_job"])
def test_a_function_that_is_missing_or_fails_is_not_done_yet(modal_operator, function):
    if function == "run_gpu_job":  # it asks for an argument, and is given none
        modal_operator.deploy()
    found = VERIFY.probe(modal_operator.call(), workload(function=function))
    assert isinstance(found, NotDone)
    assert ("TypeError" in found.why) == (function == "run_gpu_job")


def test_one_who_may_not_call_it_does_not_know(modal_operator):
    modal_operator.deploy()
    assert isinstance(VERIFY.probe(modal_operator.call(modal_operator.ci_dev), workload()), Unknown)


class Boobytrap:
    """Unpickling it is running the intruder's code."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def probe_against(output, base):
    def get(_request):
        return api_pb2.FunctionGetResponse(function_id="fu-1")

    def start(_request):
        put = api_pb2.FunctionPutInputsResponseItem(idx=0, input_id="in-1")
        return api_pb2.FunctionMapResponse(function_call_id="fc-1", pipelined_inputs=[put])

    def outputs(_request):
        return api_pb2.FunctionGetOutputsResponse(outputs=[output])

    with stranger(FunctionGet=get, FunctionMap=start, FunctionGetOutputs=outputs) as connections:
        call = Call("3f9a2c7k", "it", connections, base.clock, base.progress)
        return VERIFY.probe(call, workload())


def plain(answer):
    result = api_pb2.GenericResult(
        status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS, data=cbor2.dumps(answer)
    )
    return api_pb2.FunctionGetOutputsItem(result=result, data_format=api_pb2.DATA_FORMAT_CBOR)


@pytest.mark.parametrize("field", sorted(ANSWERS))
@pytest.mark.parametrize("text", ["", "ta-1\nDone", "\x1b[2Jta", "ta-1\n", "[link=x]", "a" * 65, "tá"])
def test_what_an_intruder_answers_in_place_of_an_identifier_shows_nowhere(modal_operator, field, text):
    assert isinstance(probe_against(plain(ANSWERS), modal_operator.call()), Done)
    found = probe_against(plain({**ANSWERS, field: text}), modal_operator.call())
    assert isinstance(found, NotDone)
    assert found.why == "What identity says of its key and container is no identifier."


def test_a_container_that_starts_longer_than_a_call_waits_is_asked_again(modal_operator, monkeypatch):
    monkeypatch.setattr(module, "_CALL", 0.3)
    monkeypatch.setattr(VerifyWorkload, "interval", 0.05)
    calls, base = [], modal_operator.call()

    def get(_request):
        return api_pb2.FunctionGetResponse(function_id="fu-1")

    def start(_request):
        calls.append(_request)
        put = api_pb2.FunctionPutInputsResponseItem(idx=0, input_id="in-1")
        return api_pb2.FunctionMapResponse(function_call_id="fc-1", pipelined_inputs=[put])

    def outputs(_request):
        started = [plain(ANSWERS)] if len(calls) > 2 else []
        return api_pb2.FunctionGetOutputsResponse(outputs=started)

    with stranger(FunctionGet=get, FunctionMap=start, FunctionGetOutputs=outputs) as connections:
        call = Call("3f9a2c7k", "it", connections, base.clock, base.progress)
        cold = VERIFY.before(call, workload())
        assert isinstance(cold, NotDone)
        assert "did not answer within 0.3 s" in cold.why
        assert VERIFY.apply(call, workload()).container_id == "ta-1"


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE"])
def test_what_a_hostile_container_answers_is_never_unpickled(modal_operator, tmp_path, status):
    mark = tmp_path / "owned"
    result = api_pb2.GenericResult(
        status=api_pb2.GenericResult.GenericStatus.Value(f"GENERIC_STATUS_{status}"),
        data=pickle.dumps(Boobytrap(mark)),
        exception="RuntimeError('as-secretThatTheBodyPrints')",
    )
    output = api_pb2.FunctionGetOutputsItem(result=result, data_format=api_pb2.DATA_FORMAT_PICKLE)
    found = probe_against(output, modal_operator.call())
    assert isinstance(found, NotDone)
    assert "as-secret" not in found.why
    assert not mark.exists()


def test_an_answer_that_is_broken_is_not_done(modal_operator):
    result = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS, data=b"\xa2\x61")
    output = api_pb2.FunctionGetOutputsItem(result=result, data_format=api_pb2.DATA_FORMAT_CBOR)
    assert isinstance(probe_against(output, modal_operator.call()), NotDone)
