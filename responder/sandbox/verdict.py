"""Whether an incident has really ended: by the ground truth alone, whatever `respond` says of itself.

`before` and `after` are what GET /_sandbox/world answered at the start and at the end.
"""

import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

from responder.sandbox.aws.account import REGION
from responder.sandbox.seed import APP_SECRET, BUCKET, ENVIRONMENTS, KEY_OWNER, REPOSITORY

World: TypeAlias = dict[str, Any]

_CI = "ci-prod"  # whose token is in the leaked file
_REPLACED = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@dataclass(frozen=True)
class Verdict:
    text: str
    """What is so, one sentence."""
    wrong: str = ""
    """Why the incident has not ended; empty where it has."""


def verdicts(before: World, after: World, *, intruder_is_in: bool) -> list[Verdict]:
    return [
        _key(before, after, intruder_is_in=intruder_is_in),
        _service_user(before, after),
        _workload(before, after),
    ]


def review_verdict(before: World, found: Iterable[tuple[str, str, str]]) -> Verdict:
    """Whether a review found each trace that the intruder left, and none that nobody left.

    `found` are kind, owner and identifier of each, as the review calls them.
    """
    left = {(one["kind"], one["of"], one["subject"]) for one in before["left"]}
    told = set(found)
    missed = sorted(left - told)
    invented = sorted(told - left)
    wrong = ""
    if missed:
        wrong = f"it missed {'; '.join(map(_named, missed))}"
    elif invented:
        wrong = f"nobody left {'; '.join(map(_named, invented))}"
    count = f"{len(left & told)} of {len(left)} traces of the intruder"
    return Verdict(f"The review found {count if left else 'nothing, and there was nothing to find'}.", wrong)


def _named(trace: tuple[str, str, str]) -> str:
    return " ".join(filter(None, trace))


def intruder_is_in(aws_url: str, before: World) -> bool:
    """Does the bucket open now to the session that the intruder got from the key beforehand?

    The request is signed here and sent as it is, because clients would read the settings of whoever is at the
    keyboard.

    Raises:
        OSError: any other answer than yes or a refusal.
    """
    from botocore.auth import S3SigV4Auth  # noqa: PLC0415  # takes longer than all else here
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.credentials import Credentials  # noqa: PLC0415

    session = before["aws"]["sessions"][0]
    url = f"{aws_url}/{BUCKET}"
    request = AWSRequest("GET", url)
    S3SigV4Auth(
        Credentials(session["access_key_id"], session["secret_access_key"], session["session_token"]),
        "s3",
        REGION,
    ).add_auth(request)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    direct.addheaders = list(request.headers.items())
    try:
        direct.open(url, timeout=10).close()
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.FORBIDDEN:
            raise
        return False
    return True


def _key(before: World, after: World, *, intruder_is_in: bool) -> Verdict:
    leaked = _keys(before)[0]["access_key_id"]
    wrong = ""
    if leaked in {key["access_key_id"] for key in _keys(after)}:
        wrong = f"{KEY_OWNER} still has it"
    elif intruder_is_in:
        wrong = "a session got from it still opens the bucket"
    return Verdict(
        f"The leaked key {leaked} is gone, and the session that the intruder got from it is refused.", wrong
    )


def _service_user(before: World, after: World) -> Verdict:
    leaked = next(u for u in before["modal"]["service_users"] if u["name"] == _CI)
    stored = after["github"]["repositories"][REPOSITORY]["environments"]["prod"]["secrets"]
    fresh = [
        user
        for user in after["modal"]["service_users"]
        if user["token_id"] == stored["MODAL_TOKEN_ID"]["value"]
        and user["token_secret"] == stored["MODAL_TOKEN_SECRET"]["value"]
    ]
    wrong = ""
    if any(t["token_id"] == leaked["token_id"] and t["live"] for t in after["modal"]["tokens"]):
        wrong = "its token still lives"
    elif any(user["name"] == _CI for user in after["modal"]["service_users"]):
        wrong = f"{_CI} is still there"
    elif not fresh or fresh[0]["roles"] != leaked["roles"]:
        wrong = "GitHub's prod holds no token of a successor with the same roles"
    successor = fresh[0]["name"] if fresh else "nobody"
    return Verdict(f"The leaked service user {_CI} is gone; GitHub deploys prod as {successor}.", wrong)


def _workload(before: World, after: World) -> Verdict:
    leaked = _keys(before)[0]["access_key_id"]
    fresh = {
        key["access_key_id"]: key["secret_access_key"]
        for key in _keys(after)
        if key["status"] == "Active" and key["access_key_id"] != leaked
    }
    containers = [c for c in after["modal"]["containers"] if c["state"] == "running"]  # others are leaving
    holders = [c["values"] for c in containers] + [_secret(after, e) for e in ENVIRONMENTS]
    wrong = ""
    if not any(c["environment"] == "prod" for c in containers):
        wrong = "nothing runs in prod"
    elif not all(fresh.get(h["AWS_ACCESS_KEY_ID"]) == h["AWS_SECRET_ACCESS_KEY"] for h in holders):
        wrong = "a container or a Modal Secret holds another key"
    elif any(_others(_secret(before, e)) != _others(_secret(after, e)) for e in ENVIRONMENTS):
        wrong = "other values of a Modal Secret were changed"
    return Verdict(
        f"Every container ({len(containers)}) and every Modal Secret holds the fresh key "
        f"{', '.join(sorted(fresh)) or '(none)'}; nothing else in them was changed.",
        wrong,
    )


def _keys(world: World) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = next(u for u in world["aws"]["users"] if u["name"] == KEY_OWNER)[
        "access_keys"
    ]
    return keys


def _secret(world: World, environment: str) -> dict[str, str]:
    values: dict[str, str] = next(
        s["values"]
        for s in world["modal"]["secrets"]
        if (s["environment"], s["name"]) == (environment, APP_SECRET)
    )
    return values


def _others(values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in _REPLACED}
