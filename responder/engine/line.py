"""Which steps may be next: those whose needs are over. Of thousands, without looking at all each time."""

from collections.abc import Callable, Sequence

from responder.playbook import Instance


class Line:
    """The steps of a run that are still to be tried by this process.

    Args:
        instances: in the playbook's order.
        is_over: of an instance's id, whether it was over before this process began.
    """

    def __init__(self, instances: Sequence[Instance], is_over: Callable[[str], bool]) -> None:
        over = {one.id for one in instances if not one.active or is_over(one.id)}
        self._number = {one.id: index for index, one in enumerate(instances)}
        self._waiting: dict[str, set[str]] = {}
        self._needed_by: dict[str, list[Instance]] = {}
        self._free: dict[str, Instance] = {}
        for one in instances:
            if one.id in over:
                continue
            missing = set(one.needs) - over
            if not missing:
                self._free[one.id] = one
                continue
            self._waiting[one.id] = missing
            for need in missing:
                self._needed_by.setdefault(need, []).append(one)

    def free(self) -> list[Instance]:
        """Those that only the time may still be in the way of, in the playbook's order."""
        return sorted(self._free.values(), key=lambda one: self._number[one.id])

    def take(self, instance: Instance) -> None:
        """It is being tried, once for this process."""
        del self._free[instance.id]

    def over(self, instance_id: str) -> None:
        """It is done, and whatever waited for it alone is free."""
        for one in self._needed_by.pop(instance_id, ()):
            missing = self._waiting[one.id]
            missing.discard(instance_id)
            if not missing:
                self._free[one.id] = one
