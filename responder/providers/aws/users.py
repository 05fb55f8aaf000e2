"""Make an IAM user, and let it do what one policy says: two things, each looked at for itself."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from responder.action import (
    Call,
    Connections,
    Done,
    Input,
    Irreversible,
    Json,
    NotDone,
    Nothing,
    Plan,
    Probe,
    Reversible,
    answered,
)
from responder.errors import ConflictError, NotFoundError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask


class UserInput(Input):
    user: str


class CreateUser(Irreversible[UserInput, Nothing]):
    name = "aws.create_user"
    permissions = ("iam:CreateUser", "iam:GetUser")
    point_of_no_return = "A user is deleted with all that hangs on it, which is for a person to do."

    def plan(self, call: Call, given: UserInput) -> Plan:
        if _is_there(call, given.user):
            return Plan(f"Nothing: IAM user {given.user} is there")
        return Plan(f"Create IAM user {given.user}")

    @answered
    def probe(self, call: Call, given: UserInput) -> Probe[Nothing]:
        if not _is_there(call, given.user):
            return NotDone(f"There is no IAM user {given.user}.")
        return Done(Nothing(), f"iam:GetUser: {given.user} is there")

    def apply(self, call: Call, given: UserInput) -> Nothing:
        iam = call.connections.get(AwsConnection).iam
        with suppress(ConflictError):  # it is there: by us, before a crash, or by somebody else
            ask("iam:CreateUser", iam.create_user, UserName=given.user)
        return Nothing()


class PolicyInput(Input):
    user: str
    policy_name: str
    policy: dict[str, Any]  # the document of an inline policy


class PutUserPolicy(Reversible[PolicyInput, Nothing]):
    """Other policies of the user stay as they are."""

    name = "aws.put_user_policy"
    permissions = ("iam:PutUserPolicy", "iam:GetUserPolicy", "iam:DeleteUserPolicy")

    def plan(self, call: Call, given: PolicyInput) -> Plan:
        if _policy_of(call, given) == given.policy:
            return Plan(f"Nothing: IAM user {given.user} has policy {given.policy_name}")
        allowed = ", ".join(_actions(given.policy))
        return Plan(f"Let IAM user {given.user} {allowed}, by inline policy {given.policy_name}")

    @answered
    def probe(self, call: Call, given: PolicyInput) -> Probe[Nothing]:
        there = _policy_of(call, given)
        if there != given.policy:
            seen: dict[str, Json] = {"was": None if there is None else json.dumps(there)}
            return NotDone(f"{given.user} has no policy {given.policy_name} that says so.", seen)
        return Done(
            Nothing(), f"iam:GetUserPolicy: {given.policy_name} of {given.user} is what was asked for"
        )

    def apply(self, call: Call, given: PolicyInput) -> Nothing:
        _put(call, given, json.dumps(given.policy))
        return Nothing()

    def undo(self, call: Call, given: PolicyInput, output: Nothing) -> None:  # noqa: ARG002  # seen has it
        was = call.seen.get("was")
        if isinstance(was, str):
            _put(call, given, was)
            return
        iam = call.connections.get(AwsConnection).iam
        with suppress(NotFoundError):
            ask(
                "iam:DeleteUserPolicy",
                iam.delete_user_policy,
                UserName=given.user,
                PolicyName=given.policy_name,
            )


def has_policy(connections: Connections, user: str) -> bool:
    """Whether anything may let an IAM user do anything: a policy of its own, one attached, or a group.

    Raises:
        ProviderError: IAM could not be asked.
    """
    iam = connections.get(AwsConnection).iam
    return bool(
        ask("iam:ListUserPolicies", iam.list_user_policies, UserName=user)["PolicyNames"]
        or ask("iam:ListAttachedUserPolicies", iam.list_attached_user_policies, UserName=user)[
            "AttachedPolicies"
        ]
        or ask("iam:ListGroupsForUser", iam.list_groups_for_user, UserName=user)["Groups"]
    )


def _is_there(call: Call, user: str) -> bool:
    try:
        ask("iam:GetUser", call.connections.get(AwsConnection).iam.get_user, UserName=user)
    except NotFoundError:
        return False
    return True


def _put(call: Call, given: PolicyInput, document: str) -> None:
    ask(
        "iam:PutUserPolicy",
        call.connections.get(AwsConnection).iam.put_user_policy,
        UserName=given.user,
        PolicyName=given.policy_name,
        PolicyDocument=document,
    )


def _policy_of(call: Call, given: PolicyInput) -> Mapping[str, Any] | None:
    """None also where there is no such user yet."""
    iam = call.connections.get(AwsConnection).iam
    try:
        found = ask(
            "iam:GetUserPolicy", iam.get_user_policy, UserName=given.user, PolicyName=given.policy_name
        )
    except NotFoundError:
        return None
    return cast("Mapping[str, Any]", found["PolicyDocument"])  # read already, by botocore


def _actions(policy: Mapping[str, Any]) -> list[str]:
    return [action for statement in policy["Statement"] for action in statement["Action"]]


ACTIONS = (CreateUser(), PutUserPolicy())
