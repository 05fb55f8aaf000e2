"""What a Modal app's functions are given: the Secrets that their definitions name; read only."""

from collections.abc import Iterable
from typing import Any

from responder.errors import RejectedError
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.errors import PROVIDER
from responder.questions import Questions

__all__ = ["functions_of", "secret_ids_of"]


def functions_of(connection: ModalConnection, questions: Questions, app_id: str) -> dict[str, str]:
    """Function -> its id; a class is there as the function that serves it, `Executor.*`."""
    from modal_proto import api_pb2  # noqa: PLC0415

    request = api_pb2.AppGetLayoutRequest(app_id=app_id)
    answer = connection.run("AppGetLayout", lambda: connection.rpc("AppGetLayout", request), questions.left)
    return dict(answer.app_layout.function_ids)


def secret_ids_of(connection: ModalConnection, questions: Questions, function_id: str) -> tuple[str, ...]:
    """Ids of the Secrets that a function is given.

    Raises:
        RejectedError: its definition is not shown; each names its image, so one without is no answer to what
            else is in it.
    """
    from modal_proto import api_pb2  # noqa: PLC0415

    request = api_pb2.FunctionGetByIdRequest(function_id=function_id)
    answer = connection.run(
        "FunctionGetById", lambda: connection.rpc("FunctionGetById", request), questions.left
    )
    functions = [ranked.function for ranked in answer.function.ranked_functions]
    if not functions or not all(function.image_id for function in functions):
        raise RejectedError(PROVIDER, "FunctionGetById", "the definition is not shown, so it may have any.")
    return tuple(sorted({secret for function in functions for secret in _given(function)}))


def _given(function: Any) -> Iterable[str]:  # noqa: ANN401  # a Function of modal_proto
    yield from function.secret_ids
    yield from (
        mount.credentials_secret_id for mount in function.cloud_bucket_mounts if mount.credentials_secret_id
    )
