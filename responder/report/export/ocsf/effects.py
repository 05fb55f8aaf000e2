"""What a step did to a credential or an account, as OCSF Entity Management and Account Change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from responder.report.export.ocsf.envelope import Activity, Severity, cleaned, event
from responder.report.record import Record, StepDescription

__all__ = ["Change", "effects", "verb_and_object"]


@dataclass(frozen=True)
class Change:
    """What an action's verb does, and what its undoing does; None where nothing undoes it."""

    done: tuple[int, str]
    undone: tuple[int, str] | None = None


# By the verb of an action's name, `provider.verb_object`: to the entity that the name ends with.
_DISABLED: Final = Change((9, "Disable"), (8, "Enable"))
_LIFE: Final = {
    "create": Change((1, "Create"), (4, "Delete")),
    "delete": Change((4, "Delete")),
    "revoke": Change((4, "Delete")),
    "deactivate": _DISABLED,
    "disable": _DISABLED,
    "freeze": _DISABLED,
}
_POLICY: Final = Change((7, "Attach Policy"), (8, "Detach Policy"))
# The inputs and outputs that name a credential, the most telling first.
_IDENTIFIERS: Final = ("identifier", "access_key_id", "token_id")


def effects(
    record: Record, step: StepDescription, given: Mapping[str, Any], *, undone: bool = False
) -> Iterator[dict[str, Any]]:
    """Nothing where the step is of another kind.

    Args:
        record: of the step's end.
        step: what it is.
        given: its input, secrets as fingerprints.
        undone: whether its effect was given back.
    """
    verb, thing = verb_and_object(step.action)
    output = record.event.data.get("output")
    known = {**given, **(output if isinstance(output, dict) else {})}
    if verb == "deny":
        user = {"name": _text(known, "user") or step.credential}
        policy = {"name": f"{verb} {thing}", "desc": step.title, "is_applied": not undone}
        yield from _event(record, step, (3001, "Account Change"), _POLICY, undone, user=user, policy=policy)
    elif verb in _LIFE:
        entity = _entity(known, thing, step)
        kind = (3004, "Entity Management")
        yield from _event(record, step, kind, _LIFE[verb], undone, comment=record.evidence, entity=entity)


def verb_and_object(action: str) -> tuple[str, str]:
    verb, _, thing = action.partition(".")[2].partition("_")
    return verb, thing.replace("_", " ")


def _event(
    record: Record,
    step: StepDescription,
    kind: tuple[int, str],
    change: Change,
    undone: bool,  # noqa: FBT001  # private
    **fields: Any,  # noqa: ANN401  # those of the class
) -> Iterator[dict[str, Any]]:
    activity = change.undone if undone else change.done
    if activity is not None:
        yield event(
            record,
            Activity(*kind, *activity),
            severity=Severity.INFORMATIONAL,
            message=f"Undone: {step.title}" if undone else step.title,
            status_id=1,
            status="Success",
            status_detail=record.evidence,
            **fields,
        )


def _entity(known: Mapping[str, Any], thing: str, step: StepDescription) -> dict[str, Any]:
    fingerprints = {
        f"{key}_fingerprint": value["fingerprint"]
        for key, value in known.items()
        if isinstance(value, dict) and isinstance(value.get("fingerprint"), str)
    }
    owner = _text(known, "user") or _text(known, "name")
    identifier = next((found for key in _IDENTIFIERS if (found := _text(known, key))), "")
    return cleaned(
        {
            "uid": identifier or owner or step.credential,
            "name": owner or step.credential,
            "type_id": 99,
            "type": thing,
            "data": fingerprints,
        }
    )


def _text(known: Mapping[str, Any], key: str) -> str:
    value = known.get(key)
    return value if isinstance(value, str) else ""
