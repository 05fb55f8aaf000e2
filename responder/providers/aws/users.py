"""Make an IAM user that may do what one policy says."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from responder.action import Call, Done, Input, Irreversible, NotDone, Nothing, Plan, Probe, answered
from responder.errors import ConflictError, NotFoundError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask


class UserInput(Input):
    user: str
    policy_name: str
    policy: dict[str, Any]  # the document of an inline policy


class CreateUser(Irreversible[UserInput, Nothing]):
    """Other policies of a user that is there already stay as they are."""

    name = "aws.create_user"
    permissions = ("iam:CreateUser", "iam:PutUserPolicy", "iam:GetUser", "iam:GetUserPolicy")
    point_of_no_return = "A user is deleted with all that hangs on it, which is for a person to do."

    def plan(self, call: Call, given: UserInput) -> Plan:
        allowed = ", ".join(_actions(given.policy))
        if not _is_there(call, given.user):
            return Plan(f"Create IAM user {given.user}, who may {allowed} and nothing else")
        if _policy_of(call, given) == given.policy:
            return Plan(f"Nothing: IAM user {given.user} is there with policy {given.policy_name}")
        return Plan(f"Let IAM user {given.user} {allowed}, by inline policy {given.policy_name}")

    @answered
    def probe(self, call: Call, given: UserInput) -> Probe[Nothing]:
        if not _is_there(call, given.user):
            return NotDone(f"There is no IAM user {given.user}.")
        if _policy_of(call, given) != given.policy:
            return NotDone(f"{given.user} has no policy {given.policy_name} that says so.")
        return Done(
            Nothing(), f"iam:GetUserPolicy: {given.policy_name} of {given.user} is what was asked for"
        )

    def apply(self, call: Call, given: UserInput) -> Nothing:
        iam = call.connections.get(AwsConnection).iam
        with suppress(ConflictError):  # it is there: by us, before a crash, or by somebody else
            ask("iam:CreateUser", iam.create_user, UserName=given.user)
        ask(
            "iam:PutUserPolicy",
            iam.put_user_policy,
            UserName=given.user,
            PolicyName=given.policy_name,
            PolicyDocument=json.dumps(given.policy),
        )
        return Nothing()


def _is_there(call: Call, user: str) -> bool:
    try:
        ask("iam:GetUser", call.connections.get(AwsConnection).iam.get_user, UserName=user)
    except NotFoundError:
        return False
    return True


def _policy_of(call: Call, given: UserInput) -> object:
    iam = call.connections.get(AwsConnection).iam
    try:
        found = ask(
            "iam:GetUserPolicy", iam.get_user_policy, UserName=given.user, PolicyName=given.policy_name
        )
    except NotFoundError:
        return None
    return found["PolicyDocument"]


def _actions(policy: Mapping[str, Any]) -> list[str]:
    return [action for statement in policy["Statement"] for action in statement["Action"]]


ACTIONS = (CreateUser(),)
