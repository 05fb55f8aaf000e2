"""The incident that a run is about, what leaked, and what came beside it, as OCSF findings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from responder.journal import EventKind
from responder.report.export.ocsf.envelope import Activity, Severity, event, milliseconds, person, unique
from responder.report.occasion import occasion_of
from responder.report.record import Record

__all__ = ["Incident", "strangers"]

_ACTIVITIES: Final = {1: "Create", 2: "Update", 3: "Close"}
_IN_PROGRESS: Final = (2, "In Progress")
_RESOLVED: Final = (4, "Resolved")
# Where the exposure has what leaked, and what it is called.
_KINDS: Final = {
    "access_keys": "AWS access key",
    "sessions": "AWS session",
    "service_users": "Modal service user's token",
    "member_tokens": "personal Modal token",
    "proxy_tokens": "Modal proxy token",
    "github_tokens": "GitHub token",
    "unidentified": "unidentified credential",
}


@dataclass(frozen=True)
class _Finding:
    """A credential that leaked. `fingerprint` is that of its secret; empty where only the identifier did.

    `steps` are those that contain it; one without any is contained only where it was `dead` already.
    """

    identifier: str
    name: str
    kind: str
    note: str
    fingerprint: str
    dead: bool
    steps: frozenset[str]


@dataclass
class Incident:
    """What a run is about, as its first event tells it, and what has been proven of it since."""

    run: str
    where: str  # or by what: "leaked in prod.env", "exposed by the breach of GitHub"
    seen_at: int  # milliseconds
    began_at: int
    findings: tuple[_Finding, ...]
    _proven: set[str] = field(default_factory=set)  # steps
    _resolved: set[str] = field(default_factory=set)  # identifiers that were said to be so
    _over: bool = False

    @classmethod
    def of(cls, record: Record) -> "Incident":
        data: Mapping[str, Any] = record.event.data
        exposure = data["exposure"]
        return cls(
            record.event.run,
            occasion_of(data).where,
            milliseconds(datetime.fromisoformat(exposure["seen_at"])),
            milliseconds(datetime.fromisoformat(data["began_at"])),
            tuple(_found(exposure, data["steps"])),
        )

    def note(self, record: Record) -> Iterator[dict[str, Any]]:
        """A step's event. What is lost or given back after the run opens its finding again."""
        match record.event.kind:
            case EventKind.STEP_SUCCEEDED:
                self._proven.add(record.event.step)
            case EventKind.STEP_FAILED | EventKind.STEP_PARKED | EventKind.STEP_UNDONE:
                self._proven.discard(record.event.step)
            case EventKind.STEP_CHECKED if record.event.data.get("result") == "lost":
                self._proven.discard(record.event.step)
            case EventKind.STEP_CHECKED if record.event.data.get("result") in ("held", "re-applied"):
                self._proven.add(record.event.step)
        if self._over:
            yield from self._turned(record)

    def opened(self, record: Record) -> Iterator[dict[str, Any]]:
        yield self._incident(record, 1, _IN_PROGRESS, f"{len(self.findings)} {self.where}")
        for one in self.findings:
            yield self._leak(record, one, 1, _IN_PROGRESS)

    def updated(self, record: Record, comment: str) -> Iterator[dict[str, Any]]:
        yield self._incident(record, 2, _IN_PROGRESS, comment)

    def closed(self, record: Record) -> Iterator[dict[str, Any]]:
        """By the end of its run, and resolved by the proofs alone: what is alive keeps the incident open."""
        outcome = str(record.event.data.get("outcome", ""))
        alive = [one.identifier for one in self.findings if not self._contained(one)]
        if outcome not in ("succeeded", "not contained"):
            yield self._incident(record, 3, (99, outcome), f"The run {outcome}")
        elif alive or outcome != "succeeded":
            still = f"not contained: {', '.join(alive)}" if alive else outcome
            yield self._incident(record, 2, _IN_PROGRESS, f"The run is over; {still}")
        else:
            yield self._incident(record, 3, _RESOLVED, f"The run {outcome}")
        self._over = True
        yield from self._turned(record)

    def _contained(self, one: _Finding) -> bool:
        return one.steps <= self._proven if one.steps else one.dead

    def _turned(self, record: Record) -> Iterator[dict[str, Any]]:
        for one in self.findings:
            is_so, was = self._contained(one), one.identifier in self._resolved
            if is_so and not was:
                self._resolved.add(one.identifier)
                yield self._leak(record, one, 3, _RESOLVED)
            elif was and not is_so:
                self._resolved.discard(one.identifier)
                yield self._leak(record, one, 2, _IN_PROGRESS)

    def _incident(
        self, record: Record, activity: int, status: tuple[int, str], message: str
    ) -> dict[str, Any]:
        what = Activity(2005, "Incident Finding", activity, _ACTIVITIES[activity])
        return event(
            record,
            what,
            severity=Severity.INFORMATIONAL if status == _RESOLVED else Severity.HIGH,
            message=message,
            status_id=status[0],
            status=status[1],
            start_time=self.began_at,
            is_suspected_breach=True,
            assignee=person(record),
            finding_info_list=[self._info(one) for one in self.findings],
        )

    def _leak(self, record: Record, one: _Finding, activity: int, status: tuple[int, str]) -> dict[str, Any]:
        return event(
            record,
            Activity(2006, "Data Security Finding", activity, _ACTIVITIES[activity]),
            severity=Severity.INFORMATIONAL if status == _RESOLVED else Severity.HIGH,
            of=one.identifier,
            message=f"{one.kind} {one.identifier} {self.where}",
            status_id=status[0],
            status=status[1],
            finding_info=self._info(one),
            data_security={
                "category_id": 6,
                "category": "Security",
                "confidentiality_id": 3,
                "confidentiality": "Secret",
                "detection_pattern": one.kind,
            },
            resources=_resources(one),
        )

    def _info(self, one: _Finding) -> dict[str, Any]:
        return {
            "uid": unique("leak", self.run, one.identifier),
            "title": f"{one.kind} {one.identifier} {self.where.partition(' ')[0]}",
            "desc": one.note or f"{self.where[0].upper()}{self.where[1:]}.",
            "types": ["Leaked credential"],
            "first_seen_time": self.seen_at,
            "created_time": self.began_at,
        }


def strangers(record: Record) -> Iterator[dict[str, Any]]:
    """Credentials that a later look found beside a leaked one, and that nobody is known to have made."""
    found = record.event.data.get("strangers")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            identifier = str(one["identifier"])
            yield event(
                record,
                Activity(2004, "Detection Finding", 1, "Create"),
                severity=Severity.HIGH,
                of=identifier,
                message=f"{identifier} came beside a leaked credential: {one['what']}",
                is_alert=True,
                status_id=1,
                status="New",
                finding_info={
                    "uid": unique("stranger", record.event.run, identifier),
                    "title": f"Unknown credential {identifier}",
                    "desc": str(one["what"]),
                    "types": ["Unknown credential"],
                    "created_time": milliseconds(record.event.at),
                },
                resources=[{"uid": identifier}],
                remediation={"desc": f"Type: {one['command']}"},
            )


def _resources(one: _Finding) -> Sequence[dict[str, Any]]:
    resource: dict[str, Any] = {"uid": one.identifier, "name": one.name, "type": one.kind}
    if one.fingerprint:
        resource["data"] = {"secret_fingerprint": one.fingerprint}
    return [resource]


def _found(exposure: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Iterator[_Finding]:
    containing = [s for s in steps if s["phase"] == "contain" and s["active"] and not s["wait_seconds"]]
    for kind, words in _KINDS.items():
        for one in exposure.get(kind, ()):
            secret = one.get("secret") or {}
            name = str(one.get("credential", one["identifier"]))
            label = one["identifier"] if one.get("spare") else name
            yield _Finding(
                identifier=str(one["identifier"]),
                name=name,
                kind=words if kind != "unidentified" else f"unidentified {one['kind']}",
                note=str(one["note"]),
                fingerprint=str(secret.get("fingerprint", "")),
                dead=one.get("life") == "dead",
                steps=frozenset(
                    s["id"] for s in containing if (s["credential"], s["label"]) == (name, label)
                ),
            )
