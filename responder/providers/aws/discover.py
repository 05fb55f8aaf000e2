"""IAM users and their access keys, with their ages; read only."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from responder.action import Connections
from responder.errors import TransientError
from responder.places import Discovered, IamKey, IamUser, Read
from responder.providers.aws.connection import AwsConnection, whoami
from responder.providers.aws.errors import ask
from responder.providers.aws.keys import last_use, list_keys
from responder.questions import Answer, Questions

P = ParamSpec("P")
T = TypeVar("T")

_SEVERAL = 3  # tries where IAM is busy: an account has many users


def discover(connections: Connections, questions: Questions) -> Discovered:
    """Every user of the operator's account. The root's own keys are not listed anywhere.

    Raises:
        UnauthenticatedError: there is nobody to ask as.
    """
    aws = connections.get(AwsConnection)
    aws.key_id()
    us = questions.ask("who we are at AWS", whoami, connections)
    listed = questions.ask("the IAM users", _users, aws)
    asked = [
        (name, questions.ask(f"the access keys of {name}", _keys, aws, name)) for name in listed.get() or ()
    ]
    return Discovered(
        iam_users=tuple(IamUser(name=name, keys=keys.get()) for name, keys in asked),
        ours=_ours(us),
        read=frozenset() if listed.get() is None else frozenset({Read.IAM_USERS}),
    )


def _ours(us: Answer[str]) -> tuple[tuple[str, str], ...]:
    arn = us.get() or ""
    return (("aws", arn.rpartition("/")[2]),) if ":user/" in arn else ()


def _users(aws: AwsConnection) -> list[str]:
    pages = aws.iam.get_paginator("list_users").paginate()
    found = _patiently(ask, "iam:ListUsers", lambda: list(pages))
    return [user["UserName"] for page in found for user in page["Users"]]


def _keys(aws: AwsConnection, user: str) -> tuple[IamKey, ...]:
    return tuple(
        IamKey(
            access_key_id=key.access_key_id,
            active=key.status == "Active",
            created_at=key.created,
            last_used=str(_patiently(last_use, aws, key.access_key_id) or ""),
        )
        for key in _patiently(list_keys, aws, user).keys
    )


def _patiently(question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    retrying = Retrying(
        retry=retry_if_exception_type(TransientError),
        wait=wait_random_exponential(multiplier=0.25, max=2),
        stop=stop_after_attempt(_SEVERAL),
        reraise=True,
    )
    answer: T = retrying(question, *args, **kwargs)
    return answer
