"""One line that says what goes wrong where: `SERVICE[:OPERATION]:KIND[=VALUE][*TIMES]`."""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from responder.errors import InputError

ANY = "*"
SERVICES = ("modal", "aws", "github")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Kind:
    services: Collection[str]
    value: Literal["none", "optional", "required"]
    """All values are seconds."""
    what: str
    """For the help."""
    per_request: bool = True
    """Whether it happens to single requests, so that it may have an operation and a number of times."""


KINDS = {
    "500": Kind(SERVICES, "none", "an error inside the service, nothing done"),
    "502": Kind(SERVICES, "none", "a bad gateway, nothing done"),
    "503": Kind(SERVICES, "none", "the service is unavailable, nothing done"),
    "504": Kind(SERVICES, "none", "a gateway's time-out, nothing done"),
    "403": Kind(SERVICES, "none", "this identity may not do that"),
    "429": Kind(SERVICES, "optional", "too many requests, come back in VALUE s (AWS: Throttling)"),
    "secondary-limit": Kind(["github"], "optional", "GitHub's secondary rate limit, for VALUE s"),
    "exhausted": Kind(["modal"], "optional", "RESOURCE_EXHAUSTED, with a retry delay of VALUE s"),
    "reset": Kind(SERVICES, "none", "the connection is reset before the request is handled"),
    "lost-reply": Kind(SERVICES, "none", "handled, then the connection is reset without an answer"),
    "stall": Kind(SERVICES, "required", "handled, and answered only after VALUE s"),
    "slow-body": Kind(SERVICES, "required", "the answer begins at once and dribbles on for VALUE s"),
    "down": Kind(SERVICES, "none", "no connection at all, until cleared", per_request=False),
    "new-keys": Kind(["aws"], "required", "a new key is refused for its first VALUE s", per_request=False),
    "old-keys": Kind(
        ["aws"], "required", "a deactivated or deleted key is accepted for VALUE s more", per_request=False
    ),
    "policies": Kind(["aws"], "required", "a policy's change takes VALUE s", per_request=False),
}

_FORM = re.compile(r"(?P<kind>[^=*]+)(=(?P<value>\d+(\.\d+)?))?(\*(?P<times>[1-9]\d*))?")


def _grammar() -> str:
    lines = [
        "SERVICE[:OPERATION]:KIND[=VALUE][*TIMES]",
        "",
        f"SERVICE is {', '.join(SERVICES)} or {ANY} for all of them.",
        "OPERATION is one of Modal's RPCs (ServiceUserCreate), an AWS action (CreateAccessKey), or a GitHub",
        "METHOD and a part of the path (PUT secrets); without it every request is meant.",
        "TIMES is how many requests; without it the rule holds until it is cleared. Of several rules that",
        "fit a request, the first that is not used up happens to it.",
        "KIND is one of:",
    ]
    for name, kind in KINDS.items():
        only = "" if len(kind.services) > 1 else f" ({next(iter(kind.services))} only)"
        value = {"none": "", "optional": "[=VALUE]", "required": "=VALUE"}[kind.value]
        lines.append(f"  {name + value:<24} {kind.what}{only}")
    return "\n".join(lines)


GRAMMAR = _grammar()
"""The rules' whole language, for a command's help."""


@dataclass(frozen=True)
class Rule:
    text: str
    """As it was given."""
    service: str
    operation: str | None
    kind: str
    value: float | None
    """Seconds."""
    times: int | None

    @property
    def per_request(self) -> bool:
        return KINDS[self.kind].per_request

    def covers(self, service: str) -> bool:
        return self.service in (ANY, service)

    def fits(self, service: str, operation: str) -> bool:
        """Whether it means such a request; a GitHub operation is the method and the path."""
        if not self.per_request or not self.covers(service):
            return False
        if self.operation is None:
            return True
        if service != "github":
            return self.operation == operation
        method, _, part = self.operation.partition(" ")
        asked, _, path = operation.partition(" ")
        return method == asked and part in path


def read_rule(text: str) -> Rule:
    """Make the rule that the line says.

    Raises:
        InputError: it is none; the message has the nearest word that would do.
    """
    service, colon, rest = text.strip().partition(":")
    operation, _, happening = rest.rpartition(":")
    if not colon:
        raise _wrong(
            text, "A rule has a service and a kind: `aws:503`, `modal:ServiceUserCreate:lost-reply*1`."
        )
    _one_of(text, "service", service, (*SERVICES, ANY))
    form = _FORM.fullmatch(happening)
    if form is None:
        raise _wrong(text, f"{happening!r} is not of the form KIND[=VALUE][*TIMES], with VALUE in seconds.")
    _one_of(text, "kind", form["kind"], KINDS)
    rule = Rule(
        text.strip(),
        service,
        operation or None,
        form["kind"],
        float(form["value"]) if form["value"] else None,
        int(form["times"]) if form["times"] else None,
    )
    _check_kind(rule)
    _check_operation(rule)
    return rule


def _check_kind(rule: Rule) -> None:
    kind = KINDS[rule.kind]
    if not any(rule.covers(service) for service in kind.services):
        raise _wrong(rule.text, f"`{rule.kind}` happens at {' and '.join(kind.services)} only.")
    if kind.value == "required" and rule.value is None:
        raise _wrong(rule.text, f"`{rule.kind}` needs seconds: `{rule.kind}=4`.")
    if kind.value == "none" and rule.value is not None:
        raise _wrong(rule.text, f"`{rule.kind}` takes no value.")
    if not kind.per_request and (rule.operation or rule.times):
        raise _wrong(rule.text, f"`{rule.kind}` happens to no single request: no OPERATION, no TIMES.")


def _check_operation(rule: Rule) -> None:
    match rule.service, rule.operation:
        case _, None:
            return
        case "*", _:
            raise _wrong(rule.text, "The services share no operation; name one of them.")
        case "github", str(operation):
            method, space, part = operation.partition(" ")
            if not space or not part:
                raise _wrong(
                    rule.text, "An operation of GitHub is a METHOD and a part of the path: `PUT secrets`."
                )
            _one_of(rule.text, "method", method, METHODS)
        case service, str(operation):
            _one_of(rule.text, "operation", operation, _modal() if service == "modal" else _aws())


def _modal() -> Collection[str]:
    from modal_proto.api_grpc import ModalClientBase  # noqa: PLC0415  # 0.2 s

    return [name for name in vars(ModalClientBase) if name[:1].isupper()]


def _aws() -> Collection[str]:
    from botocore.loaders import create_loader  # noqa: PLC0415  # 0.3 s

    from responder.sandbox.aws.operations import S3_ACTIONS  # noqa: PLC0415  # which imports this package

    services = ("iam", "sts", "cloudtrail")
    models = (create_loader().load_service_model(service, "service-2") for service in services)
    return {name for model in models for name in model["operations"]} | S3_ACTIONS


def _one_of(text: str, what: str, word: str, valid: Collection[str]) -> None:
    if word in valid:
        return
    # By small letters: who writes createaccesskey means CreateAccessKey.
    small = {name.lower(): name for name in valid}
    near = difflib.get_close_matches(word.lower(), small, n=1, cutoff=0)
    raise _wrong(text, f"There is no {what} `{word}`. Did you mean `{small[near[0]]}`?")


def _wrong(text: str, why: str) -> InputError:
    return InputError(
        f"The fault `{text}` cannot be: {why}",
        state="No fault was changed.",
        next_step="`respond sandbox up --help` has every kind.",
    )
