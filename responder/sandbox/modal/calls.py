"""Function calls: what was asked, by whom nobody remembers, and what came back."""

import asyncio
from dataclasses import dataclass, field

from modal_proto import api_pb2

from responder.sandbox.modal.state import fresh_id, not_found


@dataclass(eq=False)
class Input:
    input_id: str
    idx: int
    payload: api_pb2.FunctionInput
    call: "Call"


@dataclass(eq=False)
class Call:
    call_id: str
    function_id: str
    invocation: "api_pb2.FunctionCallInvocationType.ValueType"
    inputs: dict[str, Input] = field(default_factory=dict)
    outputs: list[api_pb2.FunctionGetOutputsItem] = field(default_factory=list)
    superseded: set[int] = field(default_factory=set)  # places in `outputs` of what was tried again
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, item: api_pb2.FunctionPutInputsItem) -> Input:
        new = Input(fresh_id("in"), item.idx, item.input, self)
        self.inputs[new.input_id] = new
        return new

    def answer(self, item: Input, output: api_pb2.FunctionGetOutputsItem) -> None:
        """Only the first answer to an input counts: a stopped container may answer late."""
        if self.inputs.pop(item.input_id, None) is None:
            return
        output.idx, output.input_id = item.idx, item.input_id
        self.outputs.append(output)
        self.changed.set()

    def again(self, input_id: str, payload: api_pb2.FunctionInput) -> Input:
        """An input that has failed, once more: its answer so far is no longer one."""
        place = next((n for n, output in enumerate(self.outputs) if output.input_id == input_id), None)
        if place is None:
            raise not_found(f"Input '{input_id}'")
        self.superseded.add(place)
        item = Input(fresh_id("in"), self.outputs[place].idx, payload, self)
        self.inputs[item.input_id] = item
        return item

    def fail(self, item: Input, result: api_pb2.GenericResult, task_id: str = "") -> None:
        self.answer(item, api_pb2.FunctionGetOutputsItem(result=result, task_id=task_id))


class Calls:
    """All calls of the workspace. Outputs are kept: a caller may ask again."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}

    def open(self, function_id: str, invocation: "api_pb2.FunctionCallInvocationType.ValueType") -> Call:
        call = Call(fresh_id("fc"), function_id, invocation)
        self._calls[call.call_id] = call
        return call

    def get(self, call_id: str) -> Call:
        if call_id not in self._calls:
            raise not_found(f"Function call '{call_id}'")
        return self._calls[call_id]

    def close_all(self, reason: str) -> None:
        """Answer whatever is still waited for."""
        for call in self._calls.values():
            for item in list(call.inputs.values()):
                call.fail(item, failed(api_pb2.GenericResult.GENERIC_STATUS_TERMINATED, reason))

    async def outputs(self, request: api_pb2.FunctionGetOutputsRequest) -> api_pb2.FunctionGetOutputsResponse:
        """The outputs after `last_entry_id`, waiting up to the request's `timeout` seconds for the first.

        Without honouring `last_entry_id` the client's `.map` would ask again at once, for ever.
        """
        call = self.get(request.function_call_id)
        seen = int(request.last_entry_id.partition("-")[0] or 0)
        try:
            async with asyncio.timeout(request.timeout):
                while not (found := _wanted(call, seen, request)):
                    call.changed.clear()
                    await call.changed.wait()
        except TimeoutError:
            found = []
        return api_pb2.FunctionGetOutputsResponse(
            outputs=found,
            idxs=[output.idx for output in found],
            last_entry_id=f"{len(call.outputs) if found else seen}-0",
            num_unfinished_inputs=len(call.inputs),
        )


def failed(status: "api_pb2.GenericResult.GenericStatus.ValueType", exception: str) -> api_pb2.GenericResult:
    return api_pb2.GenericResult(status=status, exception=exception)


def _wanted(
    call: Call, seen: int, request: api_pb2.FunctionGetOutputsRequest
) -> list[api_pb2.FunctionGetOutputsItem]:
    found = [output for n, output in enumerate(call.outputs) if n >= seen and n not in call.superseded]
    if request.HasField("start_idx"):
        found = [output for output in found if output.idx >= request.start_idx]
    if request.HasField("end_idx"):
        found = [output for output in found if output.idx <= request.end_idx]
    return found
