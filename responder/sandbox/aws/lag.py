"""The account as those who check signatures and policies see it: IAM's changes reach them late.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from typing_extensions import override

from responder.sandbox.aws.account import Account, KeyRecord
from responder.sandbox.aws.policy import Policy
from responder.sandbox.faults import Faults

Holder = tuple[str, str]
"""`user` or `role`, and its name."""


@dataclass(frozen=True)
class _State:
    keys: Mapping[str, KeyRecord]
    policies: Mapping[Holder, tuple[Policy, ...]]


class LaggingAccount(Account):
    """An account where what a request changed shows after the seconds of `new-keys`, `old-keys`, `policies`.

    What is changed in any other way (seeding, a reset) shows at once. IAM's own reads know no lag here.

    Args:
        number: the account's.
        clock: Unix seconds.
        faults: the rules.
    """

    def __init__(self, number: str, clock: Callable[[], float], faults: Faults) -> None:
        super().__init__(number)
        self._clock = clock
        self._faults = faults
        self._born: dict[str, float] = {}
        self._lapsed: dict[str, tuple[float, KeyRecord]] = {}
        self._changed: dict[Holder, list[tuple[float, tuple[Policy, ...]]]] = {}
        """When, and what had been so until then; oldest first."""

    @contextmanager
    def noticing(self) -> Iterator[None]:
        """Remember when the request that is handled in this block changed what."""
        if not any(self._faults.seconds(kind) for kind in ("new-keys", "old-keys", "policies")):
            yield
            return
        before = self._now()
        yield
        self._note(before, self._now(), self._clock())

    @override
    def key(self, key_id: str) -> KeyRecord | None:
        found = super().key(key_id)
        if found and found.active:
            return None if self._within("new-keys", self._born.get(key_id)) else found
        since, before = self._lapsed.get(key_id, (None, None))
        if before and self._within("old-keys", since) and self.user(before.owner.name) == before.owner:
            return before
        return found

    @override
    def policies_of_user(self, name: str) -> tuple[Policy, ...]:
        return self._late(("user", name), super().policies_of_user(name))

    @override
    def policies_of_role(self, name: str) -> tuple[Policy, ...]:
        return self._late(("role", name), super().policies_of_role(name))

    def _late(self, holder: Holder, now: tuple[Policy, ...]) -> tuple[Policy, ...]:
        changes = self._changed.get(holder, [])
        return next((until for at, until in changes if self._within("policies", at)), now)

    def _within(self, kind: str, since: float | None) -> bool:
        return since is not None and self._clock() < since + self._faults.seconds(kind)

    def _now(self) -> _State:
        users = list(self.iam.users.values())
        records = {
            k.access_key_id: super(LaggingAccount, self).key(k.access_key_id)
            for u in users
            for k in u.access_keys
        }
        policies = {
            ("user", user.name): super(LaggingAccount, self).policies_of_user(user.name) for user in users
        }
        policies |= {
            ("role", r.name): super(LaggingAccount, self).policies_of_role(r.name)
            for r in self.iam.get_roles()
        }
        return _State({key_id: key for key_id, key in records.items() if key}, policies)

    def _note(self, before: _State, after: _State, now: float) -> None:
        for key_id in after.keys.keys() - before.keys.keys():
            self._born[key_id] = now
        for key_id, key in before.keys.items():
            still = after.keys.get(key_id)
            if key.active and (still is None or not still.active):
                self._lapsed[key_id] = (now, key)
        for holder, policies in before.policies.items():
            if after.policies.get(holder, policies) != policies:
                self._changed.setdefault(holder, []).append((now, policies))
