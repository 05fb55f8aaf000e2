"""Functions: created by a deployment with the files they need, then called."""

import hashlib
from collections.abc import Awaitable, Callable

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from modal_proto import api_pb2

from responder.sandbox.modal.calls import Call, Calls, failed
from responder.sandbox.modal.fleet import Fleet
from responder.sandbox.modal.identity import Asker, Caller
from responder.sandbox.modal.layout import definition_of, handle_metadata, method_metadata
from responder.sandbox.modal.state import App, FunctionDefinition, State, fresh_id, invalid, not_found


class FunctionRpcs:
    def __init__(self, state: Callable[[], State], fleet: Fleet, calls: Calls) -> None:
        self._state = state
        self._fleet = fleet
        self._calls = calls

    def MountGetOrCreate(
        self, request: api_pb2.MountGetOrCreateRequest, _caller: Caller
    ) -> api_pb2.MountGetOrCreateResponse:
        """Equal files have an equal id, so that a redeployment of the same code is seen as such."""
        files = {file.filename: file.sha256_hex for file in request.files}
        described = repr((request.deployment_name, sorted(files.items()))).encode()
        mount_id = f"mo-{hashlib.sha256(described).hexdigest()[:22]}"
        self._state().mounts[mount_id] = files
        return api_pb2.MountGetOrCreateResponse(mount_id=mount_id)

    def MountBatchedCheckExistence(
        self, request: api_pb2.MountBatchedCheckExistenceRequest, _caller: Caller
    ) -> api_pb2.MountBatchedCheckExistenceResponse:
        known = self._state().files
        missing = [digest for digest in request.sha256_hex_hashes if digest not in known]
        return api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing)

    def MountPutFile(
        self, request: api_pb2.MountPutFileRequest, _caller: Caller
    ) -> api_pb2.MountPutFileResponse:
        if request.HasField("data"):
            if hashlib.sha256(request.data).hexdigest() != request.sha256_hex:
                raise invalid("The file's content does not have the announced SHA-256.")
            self._state().files[request.sha256_hex] = request.data
        elif request.data_blob_id:
            raise GRPCError(Status.UNIMPLEMENTED, "The sandbox takes files of at most 4 MiB.")
        return api_pb2.MountPutFileResponse(exists=request.sha256_hex in self._state().files)

    def FunctionPrecreate(
        self, request: api_pb2.FunctionPrecreateRequest, caller: Caller
    ) -> api_pb2.FunctionPrecreateResponse:
        self._writable(request.app_id, caller)
        return api_pb2.FunctionPrecreateResponse(
            function_id=request.existing_function_id or fresh_id("fu"),
            handle_metadata=api_pb2.FunctionHandleMetadata(
                function_name=request.function_name,
                function_type=request.function_type,
                supported_input_formats=request.supported_input_formats,
                supported_output_formats=request.supported_output_formats,
                method_handle_metadata=method_metadata(request.method_definitions),
            ),
        )

    def FunctionCreate(
        self, request: api_pb2.FunctionCreateRequest, caller: Caller
    ) -> api_pb2.FunctionCreateResponse:
        app = self._writable(request.app_id, caller)
        definition = definition_of(request.existing_function_id or fresh_id("fu"), request)
        if definition.function.webhook_config.type:
            raise GRPCError(Status.UNIMPLEMENTED, "The sandbox runs no web endpoints.")
        app.drafts[definition.function_id] = definition
        return api_pb2.FunctionCreateResponse(
            function_id=definition.function_id,
            function=definition.function,
            function_data=definition.data,
            handle_metadata=handle_metadata(app, definition),
        )

    def ClassCreate(self, request: api_pb2.ClassCreateRequest, caller: Caller) -> api_pb2.ClassCreateResponse:
        """What a class is stands with its function; only the name comes here, when it is published."""
        self._writable(request.app_id, caller)
        class_id = request.existing_class_id or fresh_id("cs")
        return api_pb2.ClassCreateResponse(class_id=class_id, handle_metadata=api_pb2.ClassHandleMetadata())

    def ClassGet(self, request: api_pb2.ClassGetRequest, caller: Caller) -> api_pb2.ClassGetResponse:
        environment = self._state().environment(request.environment_name)
        caller.require_read(environment)
        app = self._state().app_named(request.app_name, environment.name)
        if app is None or not app.live or request.object_tag not in app.classes:
            raise not_found(f"Class '{request.object_tag}' of app '{request.app_name}'")
        return api_pb2.ClassGetResponse(
            class_id=app.classes[request.object_tag], handle_metadata=api_pb2.ClassHandleMetadata()
        )

    def FunctionGet(self, request: api_pb2.FunctionGetRequest, caller: Caller) -> api_pb2.FunctionGetResponse:
        environment = self._state().environment(request.environment_name)
        caller.require_read(environment)
        app = self._state().app_named(request.app_name, environment.name)
        if app is None or not app.live or app.current is None:
            raise not_found(f"App '{request.app_name}' in environment '{environment.name}'")
        for definition in app.current.definitions.values():
            if definition.tag == request.object_tag:
                return api_pb2.FunctionGetResponse(
                    function_id=definition.function_id,
                    handle_metadata=handle_metadata(app, definition),
                    function=definition.data,
                )
        raise not_found(f"Function '{request.object_tag}' of app '{app.name}'")

    def FunctionGetById(
        self, request: api_pb2.FunctionGetByIdRequest, caller: Caller
    ) -> api_pb2.FunctionGetByIdResponse:
        app = self._state().app_of_function(request.function_id)
        caller.require_read(self._state().environment(app.environment))
        definition = self._current(app, request.function_id)
        return api_pb2.FunctionGetByIdResponse(
            function=definition.data, handle_metadata=handle_metadata(app, definition)
        )

    def FunctionMap(self, request: api_pb2.FunctionMapRequest, caller: Asker) -> api_pb2.FunctionMapResponse:
        app = self._state().app_of_function(request.function_id)
        self._writable(app.app_id, caller)
        self._current(app, request.function_id)
        self._state().function_calls += 1
        call = self._calls.open(request.function_id, request.function_call_invocation_type)
        return api_pb2.FunctionMapResponse(
            function_call_id=call.call_id,
            function_call_jwt=call.call_id,
            pipelined_inputs=self._put(call, list(request.pipelined_inputs)),
            retry_policy=self._current(app, request.function_id).function.retry_policy,
            sync_client_retries_enabled=True,
        )

    def FunctionRetryInputs(
        self, request: api_pb2.FunctionRetryInputsRequest, caller: Asker
    ) -> api_pb2.FunctionRetryInputsResponse:
        call = self._call(request.function_call_jwt, caller)
        again = [call.again(item.input_jwt, item.input) for item in request.inputs]
        for item in again:
            self._fleet.submit(item)
        return api_pb2.FunctionRetryInputsResponse(input_jwts=[item.input_id for item in again])

    def FunctionPutInputs(
        self, request: api_pb2.FunctionPutInputsRequest, caller: Asker
    ) -> api_pb2.FunctionPutInputsResponse:
        call = self._call(request.function_call_id, caller)
        return api_pb2.FunctionPutInputsResponse(inputs=self._put(call, list(request.inputs)))

    def FunctionGetOutputs(
        self, request: api_pb2.FunctionGetOutputsRequest, caller: Asker
    ) -> Message | Awaitable[Message]:
        self._call(request.function_call_id, caller)
        return self._calls.outputs(request)

    def FunctionCallCancel(self, request: api_pb2.FunctionCallCancelRequest, caller: Caller) -> Empty:
        call = self._call(request.function_call_id, caller)
        for item in list(call.inputs.values()):
            call.fail(
                item, failed(api_pb2.GenericResult.GENERIC_STATUS_TERMINATED, "The call was cancelled.")
            )
        return Empty()

    def _put(
        self, call: Call, items: list[api_pb2.FunctionPutInputsItem]
    ) -> list[api_pb2.FunctionPutInputsResponseItem]:
        inputs = [call.add(item) for item in items]
        for item in inputs:
            self._fleet.submit(item)
        return [
            api_pb2.FunctionPutInputsResponseItem(
                idx=item.idx, input_id=item.input_id, input_jwt=item.input_id
            )
            for item in inputs
        ]

    def _call(self, call_id: str, caller: Asker) -> Call:
        call = self._calls.get(call_id)
        self._writable(self._state().app_of_function(call.function_id).app_id, caller)
        return call

    def _writable(self, app_id: str, caller: Asker) -> App:
        app = self._state().app(app_id)
        caller.require_write(self._state().environment(app.environment))
        return app

    def _current(self, app: App, function_id: str) -> FunctionDefinition:
        if not app.live or app.current is None or function_id not in app.current.definitions:
            raise not_found(f"Function '{function_id}'")
        return app.current.definitions[function_id]
