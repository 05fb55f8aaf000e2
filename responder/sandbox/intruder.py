"""An attacker with administrator rights who undoes the containment of a key as soon as it shows."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from responder.sandbox.aws import AwsPlane

_LOOK = 0.2  # seconds between looks at whether to stop; the account's changes wake it at once
_MOST_KEYS = 2  # a user may have


class Intruder:
    """Fights for one leaked key.

    Each try detaches the user's deny policies and makes another key, if there is room. The leaked key is
    activated again once in all, when it is first seen inactive after the first try began.

    Args:
        plane: where it holds administrator rights.
        user: whose key leaked.
        key_id: the leaked key.
        tries: how often it detaches a policy before it gives up.
        clock: Unix seconds, for the record.
    """

    def __init__(
        self,
        plane: AwsPlane,
        user: str,
        key_id: str,
        *,
        tries: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._plane = plane
        self._user = user
        self._key_id = key_id
        self._all_tries = tries
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._forget()

    def start(self) -> None:
        """With all its tries, and nothing done yet."""
        self._forget()
        self._thread = threading.Thread(target=self._fight, name="intruder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Twice is once."""
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _forget(self) -> None:
        self._tries = self._all_tries
        self._record: list[dict[str, Any]] = []
        self._has_reactivated = False
        self._ended = threading.Event()

    def world(self) -> list[dict[str, Any]]:
        """What it did, oldest first."""
        return [dict(entry) for entry in self._record]

    def _fight(self) -> None:
        while not self._ended.is_set() and not self._is_done():
            try:
                self._plane.wait_until(self._can_act, seconds=_LOOK)
            except TimeoutError:
                continue
            with self._plane.undisturbed():
                self._act(self._plane.world())

    def _is_done(self) -> bool:
        return self._tries == 0 and (self._has_reactivated or not self._record)

    def _can_act(self, world: dict[str, Any]) -> bool:
        user = _named(world, self._user)
        if user is None:
            return False
        return bool(self._tries and any(_denials(user))) or self._can_reactivate(user)

    def _can_reactivate(self, user: dict[str, Any]) -> bool:
        begun = bool(self._record)
        return begun and not self._has_reactivated and self._status(user) == "Inactive"

    def _status(self, user: dict[str, Any]) -> str | None:
        keys = user["access_keys"]
        return next((key["status"] for key in keys if key["access_key_id"] == self._key_id), None)

    def _act(self, world: dict[str, Any]) -> None:
        user = _named(world, self._user)
        if user is None:
            return
        policies = list(_denials(user)) if self._tries else []
        for policy in policies:
            self._plane.delete_user_policy(self._user, policy)
            self._note("detached policy", policy)
        if self._can_reactivate(user):
            self._plane.activate_access_key(self._user, self._key_id)
            self._has_reactivated = True
            self._note("activated key", self._key_id)
        if policies:
            self._tries -= 1
            if len(user["access_keys"]) < _MOST_KEYS:
                self._note("created key", self._plane.add_access_key(self._user).access_key_id)

    def _note(self, did: str, what: str) -> None:
        self._record.append({"at": self._clock(), "did": did, "what": what})


def _named(world: dict[str, Any], name: str) -> dict[str, Any] | None:
    return next((user for user in world["users"] if user["name"] == name), None)


def _denials(user: dict[str, Any]) -> Iterator[str]:
    """The inline policies that deny everything."""
    for name, document in user["inline_policies"].items():
        statements = document["Statement"]
        for statement in [statements] if isinstance(statements, dict) else statements:
            if statement["Effect"] == "Deny" and statement.get("Action") in ("*", ["*"]):
                yield name
                break
