"""Call a deployed function without trusting whoever answers.

modal's own `Function.remote` unpickles results and exceptions, which hands this process to the code of the
container; and with a leaked token that deploys, that may be the intruder's. Here input and output are CBOR,
and nothing else is read.
"""

import re
import time
from collections.abc import Sequence
from typing import Any

from responder.errors import NotFoundError, ProviderError
from responder.providers.modal.connection import DEADLINE, ModalConnection
from responder.providers.modal.errors import PROVIDER

_POLL = 10.0  # seconds that the service holds a question for outputs open


class FailedCallError(ProviderError):
    """The function was reached, or could not be found, and gave no answer that can be read."""

    code = "failed-call"


def call(
    connection: ModalConnection,
    app: str,
    environment: str,
    function: str,
    deadline: float,
    arguments: Sequence[object] = (),
) -> object:
    """What the function answers.

    Args:
        connection: whose token calls.
        app: a deployed app.
        environment: where it is deployed.
        function: its name in the app.
        deadline: in seconds, with a container's cold start, once the service has taken the call.
        arguments: positional ones, of what CBOR has; never a secret.

    Raises:
        FailedCallError: there is no such function, it failed or is silent, or its answer is no CBOR.
        ProviderError: the service could not be asked.
    """

    async def ask() -> Any:  # noqa: ANN401  # a FunctionGetOutputsItem
        function_id = await _function_id(connection, app, environment, function)
        call_id = await _start(connection, function_id, arguments)
        return await _output(connection, call_id, deadline)

    try:
        output = connection.run("FunctionMap", ask, deadline + DEADLINE)
    except NotFoundError as error:
        raise FailedCallError(PROVIDER, error.operation, error.what) from None
    if output is None:
        raise _failed(f"the function did not answer within {deadline:g} s: a container may be starting.")
    return _read(output)


async def _function_id(connection: ModalConnection, app: str, environment: str, function: str) -> str:
    from modal_proto import api_pb2  # noqa: PLC0415

    request = api_pb2.FunctionGetRequest(app_name=app, object_tag=function, environment_name=environment)
    found = await connection.rpc("FunctionGet", request)
    return str(found.function_id)


async def _start(connection: ModalConnection, function_id: str, arguments: Sequence[object]) -> str:
    """As `Function.spawn` does: through the control plane, whatever plane the function itself prefers."""
    import cbor2  # noqa: PLC0415
    from modal_proto import api_pb2  # noqa: PLC0415

    given = api_pb2.FunctionInput(
        args=cbor2.dumps([list(arguments), {}]), data_format=api_pb2.DATA_FORMAT_CBOR
    )
    item = api_pb2.FunctionPutInputsItem(idx=0, input=given)
    request = api_pb2.FunctionMapRequest(
        function_id=function_id,
        function_call_type=api_pb2.FUNCTION_CALL_TYPE_UNARY,
        function_call_invocation_type=api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC,
        pipelined_inputs=[item],
    )
    started = await connection.rpc("FunctionMap", request)
    call_id = str(started.function_call_id)
    if not started.pipelined_inputs:
        inputs = api_pb2.FunctionPutInputsRequest(
            function_id=function_id, function_call_id=call_id, inputs=[item]
        )
        await connection.rpc("FunctionPutInputs", inputs)
    return call_id


async def _output(connection: ModalConnection, call_id: str, seconds: float) -> Any:  # noqa: ANN401
    """A FunctionGetOutputsItem; None where the service answers, and the function not in that time."""
    from modal_proto import api_pb2  # noqa: PLC0415

    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        request = api_pb2.FunctionGetOutputsRequest(
            function_call_id=call_id,
            timeout=min(_POLL, left),
            last_entry_id="0-0",
            clear_on_success=True,
            requested_at=time.time(),
            start_idx=0,
            end_idx=0,
        )
        answer = await connection.rpc("FunctionGetOutputs", request)
        if answer.outputs:
            return answer.outputs[0]
    return None


def _read(output: Any) -> object:  # noqa: ANN401  # a FunctionGetOutputsItem
    import cbor2  # noqa: PLC0415
    from modal_proto import api_pb2  # noqa: PLC0415

    result = output.result
    if result.status != api_pb2.GenericResult.GENERIC_STATUS_SUCCESS:
        status = api_pb2.GenericResult.GenericStatus.Name(result.status).removeprefix("GENERIC_STATUS_")
        # Of what was raised, only its class: the rest is the body's own text, and may show what it holds.
        raised = re.match(r"[A-Za-z0-9_]{1,64}(?=\()", result.exception)
        raise _failed(f"the function ended with {status.lower()}{f' ({raised[0]})' if raised else ''}.")
    if output.data_format != api_pb2.DATA_FORMAT_CBOR or result.WhichOneof("data_oneof") != "data":
        raise _failed("the function's answer is not plain CBOR, and nothing else is read.")
    try:
        return cbor2.loads(result.data)
    except cbor2.CBORDecodeError:
        raise _failed("the function's answer is broken CBOR.") from None


def _failed(what: str) -> FailedCallError:
    return FailedCallError(PROVIDER, "FunctionGetOutputs", what)
