"""How functions are described to clients and to the containers that run them."""

import hashlib
from collections.abc import Iterable, Mapping

from modal_proto import api_pb2

from responder.sandbox.modal.state import App, FunctionDefinition

# High enough that no argument or result of a drill needs a blob store.
MAX_PAYLOAD_BYTES = 2 * 1024 * 1024


def definition_of(function_id: str, request: api_pb2.FunctionCreateRequest) -> FunctionDefinition:
    """What a FunctionCreate asks for; equal requests have equal `definition_id`s."""
    function, data = api_pb2.Function(), api_pb2.FunctionData()
    if request.HasField("function_data"):
        data.CopyFrom(request.function_data)
        function.CopyFrom(data.ranked_functions[0].function)
        # A GPU list moves what its alternatives share up into `function_data`.
        function.module_name = function.module_name or data.module_name
        function.function_name = function.function_name or data.function_name
        function.function_type = function.function_type or data.function_type
        function.timeout_secs = function.timeout_secs or data.timeout_secs
        function.task_idle_timeout_secs = function.task_idle_timeout_secs or data.task_idle_timeout_secs
    else:
        function.CopyFrom(request.function)
        data = _data_of(function)
    return FunctionDefinition(
        function_id, _fingerprint(function), data.implementation_name or data.function_name, function, data
    )


def _data_of(function: api_pb2.Function) -> api_pb2.FunctionData:
    """The same fields in the other of the two shapes that the protocol has for a function."""
    data = api_pb2.FunctionData(
        ranked_functions=[api_pb2.FunctionData.RankedFunction(rank=0, function=function)]
    )
    shared = {field.name for field in data.DESCRIPTOR.fields} - {"ranked_functions"}
    for field, value in function.ListFields():
        if field.name in shared:
            _copy_field(data, field.name, value)
    return data


def _copy_field(data: api_pb2.FunctionData, name: str, value: object) -> None:
    target = getattr(data, name)
    if hasattr(target, "CopyFrom"):
        target.CopyFrom(value)
    elif hasattr(target, "MergeFrom"):
        target.MergeFrom(value)
    else:
        setattr(data, name, value)


def _fingerprint(function: api_pb2.Function) -> str:
    same = api_pb2.Function()
    same.CopyFrom(function)
    # The client builds it from a set, in any order.
    mounts = sorted(same.mount_ids)
    del same.mount_ids[:]
    same.mount_ids.extend(mounts)
    return "de-" + hashlib.sha256(same.SerializeToString(deterministic=True)).hexdigest()[:22]


def handle_metadata(app: App, definition: FunctionDefinition) -> api_pb2.FunctionHandleMetadata:
    function = definition.function
    return api_pb2.FunctionHandleMetadata(
        function_name=function.function_name,
        function_type=function.function_type,
        definition_id=definition.definition_id,
        function_schema=function.function_schema,
        is_method=function.is_method,
        class_parameter_info=function.class_parameter_info,
        method_handle_metadata=method_metadata(function.method_definitions),
        app_id=app.app_id,
        supported_input_formats=function.supported_input_formats,
        supported_output_formats=function.supported_output_formats,
        max_object_size_bytes=MAX_PAYLOAD_BYTES,
        max_async_object_size_bytes=MAX_PAYLOAD_BYTES,
    )


def method_metadata(
    methods: Mapping[str, api_pb2.MethodDefinition],
) -> dict[str, api_pb2.FunctionHandleMetadata]:
    return {
        name: api_pb2.FunctionHandleMetadata(
            function_name=method.function_name,
            function_type=method.function_type,
            function_schema=method.function_schema,
            use_method_name=name,
            is_method=True,
            supported_input_formats=method.supported_input_formats,
            supported_output_formats=method.supported_output_formats,
        )
        for name, method in methods.items()
    }


def app_layout(app: App, extra_objects: Iterable[str] = ()) -> api_pb2.AppLayout:
    definitions = app.current.definitions.values() if app.current else ()
    objects = [
        api_pb2.Object(object_id=d.function_id, function_handle_metadata=handle_metadata(app, d))
        for d in definitions
    ]
    objects += [
        api_pb2.Object(object_id=class_id, class_handle_metadata=api_pb2.ClassHandleMetadata())
        for class_id in app.classes.values()
    ]
    known = {one.object_id for one in objects}
    objects += [api_pb2.Object(object_id=object_id) for object_id in extra_objects if object_id not in known]
    return api_pb2.AppLayout(
        objects=objects, function_ids={d.tag: d.function_id for d in definitions}, class_ids=app.classes
    )


def container_arguments(app: App, definition: FunctionDefinition, task_id: str) -> api_pb2.ContainerArguments:
    # The container looks up every dependency in the layout, secrets included.
    dependencies = [dependency.object_id for dependency in definition.function.object_dependencies]
    return api_pb2.ContainerArguments(
        task_id=task_id,
        function_id=definition.function_id,
        app_id=app.app_id,
        function_def=definition.function,
        environment_name=app.environment,
        app_layout=app_layout(app, dependencies),
    )
