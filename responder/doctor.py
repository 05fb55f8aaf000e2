"""`respond doctor`: whether all is there that an incident will need. It changes nothing at any service.

Every check is a function that gives findings; a provider's stand in its module `preflight`. All are asked at
once, and none is waited for past the deadline: what has no answer by then is said to have none.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from responder.action import Actions, Connections
from responder.errors import RespondError
from responder.finding import Finding, failed, ok, refused, warning
from responder.found import Kind
from responder.inventory import Inventory, NoInventoryError
from responder.journal.preflight import Shared, audit_key, journal, seal_key, shared_journal
from responder.playbook import load, named, read

__all__ = ["PATIENCE", "Answer", "Subject", "examine"]

PATIENCE = 8.5  # seconds for all answers together: they are on the screen within 10
PLANNED = frozenset({"setup"})  # takes an administrator, and nobody plays it in a hurry
SERVICES: Mapping[str, str] = {"aws": "AWS", "modal": "Modal", "github": "GitHub"}


@dataclass(frozen=True)
class Subject:
    """What is examined. `playbooks` are names or files; without any, those of ours that may be in a hurry."""

    connections: Connections
    environ: Mapping[str, str]
    home: Path  # the folder of the seal key
    journal: Path
    load_inventory: Callable[[], Inventory]
    clock: Callable[[], datetime]  # UTC
    playbooks: Sequence[str] = ()
    shared: Shared | None = None  # the journal, where machines share it


@dataclass(frozen=True)
class Answer:
    about: str  # `aws.permissions`; for people and machines
    finding: Finding


@dataclass(frozen=True, eq=False)
class _Question:
    about: str
    ask: Callable[[], Iterable[Finding]]
    then: Sequence["_Question"] = ()  # asked when this one failed in nothing: who is nobody is told so once


def examine(subject: Subject, patience: float = PATIENCE) -> list[Answer]:
    """All findings, in a fixed order.

    Args:
        subject: what is examined.
        patience: in seconds, for all of it.

    Raises:
        PlaybookError: a playbook that was named is not there or is wrong.
    """
    wanted = _permissions(subject.playbooks or [name for name in named() if name not in PLANNED])
    inventory, found = _inventory(subject.load_inventory)
    now = subject.clock()
    questions = [
        _Question("journal", _journal(subject)),
        _Question("seal-key", partial(seal_key, subject.home, subject.environ)),
        _Question("audit-key", partial(audit_key, subject.home, subject.environ)),
        _aws(subject, inventory, wanted.get("aws", set()), now),
        _modal(subject, inventory, wanted.get("modal", set()), now),
        _github(subject, inventory, wanted.get("github", set())),
    ]
    return [Answer("inventory", found), *_Asking(patience).answers(questions)]


def _permissions(playbooks: Iterable[str]) -> dict[str, set[str]]:
    """Provider -> what the actions of these playbooks declare."""
    actions = Actions()
    wanted: dict[str, set[str]] = {}
    for name in playbooks:
        for step in load(*read(name), actions).steps:
            wanted.setdefault(step.uses.partition(".")[0], set()).update(actions[step.uses].permissions)
    return wanted


def _journal(subject: Subject) -> Callable[[], Iterable[Finding]]:
    return partial(shared_journal, subject.shared) if subject.shared else partial(journal, subject.journal)


def _inventory(load_it: Callable[[], Inventory]) -> tuple[Inventory, Finding]:
    try:
        inventory = load_it()
    except NoInventoryError as error:
        return Inventory(), warning(
            f"{error.what} What leaks can be contained, not replaced.", error.next_step
        )
    except RespondError as error:
        return Inventory(), refused(error)
    credentials, workloads = len(inventory.credentials), len(inventory.workloads)
    return inventory, ok(f"{inventory.path}: {credentials} credentials, {workloads} workloads.")


def _aws(subject: Subject, inventory: Inventory, wanted: set[str], now: datetime) -> _Question:
    from responder.providers.aws import anchor  # noqa: PLC0415  # SDKs only when needed
    from responder.providers.aws import preflight as aws  # noqa: PLC0415

    connections, audit = subject.connections, inventory.audit
    kept = [one for one in inventory.credentials.values() if one.kind is Kind.AWS_ACCESS_KEY]
    then = [
        _Question("aws.permissions", partial(aws.permissions, connections, wanted, [c.user for c in kept])),
        *(
            _Question(f"aws.{c.name}", partial(aws.access_keys, connections, c.user, c.max_age, now))
            for c in kept
        ),
        *(
            _Question("aws.anchor", partial(anchor.examine, connections, bucket, audit.retain_days))
            for bucket in filter(None, (audit.s3_bucket,))
        ),
    ]
    return _Question("aws.identity", partial(aws.identity, connections, subject.clock), then)


def _modal(subject: Subject, inventory: Inventory, wanted: set[str], now: datetime) -> _Question:
    from responder.providers.modal import preflight as modal  # noqa: PLC0415

    connections, credentials = subject.connections, inventory.credentials.values()
    environments = {place.environment for place in inventory.modal_secrets}
    environments |= {workload.environment for workload in inventory.workloads}
    then = [
        _Question("modal.permissions", partial(modal.permissions, connections, wanted, environments)),
        *(
            _Question(
                f"modal.{c.name}",
                partial(modal.service_user, connections, c.service_user, c.max_age, now),
            )
            for c in credentials
            if c.kind is Kind.MODAL_SERVICE_USER
        ),
        *(
            _Question(f"modal.{c.name}", partial(modal.token, connections, c.kind, identifier))
            for c in credentials
            if c.kind in {Kind.MODAL_MEMBER_TOKEN, Kind.MODAL_PROXY_TOKEN}
            for identifier in c.identifiers
        ),
        *(
            _Question(f"modal.{place.credential}", partial(modal.secret, connections, place))
            for place in inventory.modal_secrets
        ),
        *(
            _Question(f"modal.{workload.name}", partial(modal.function, connections, workload))
            for workload in inventory.workloads
        ),
    ]
    return _Question("modal.identity", partial(modal.identity, connections), then)


def _github(subject: Subject, inventory: Inventory, wanted: set[str]) -> _Question:
    from responder.providers.github import anchor  # noqa: PLC0415
    from responder.providers.github import preflight as github  # noqa: PLC0415

    connections, audit = subject.connections, inventory.audit
    anchoring = anchor.PERMISSIONS if audit.github_issue else ()
    workflows = [(one.name, one.environment, one.workflow) for one in inventory.workloads if one.workflow]
    environments: dict[tuple[str, str], set[str]] = {
        (workflow.repository, environment): set() for _, environment, workflow in workflows
    }
    for place in inventory.github_environments:
        names = environments.setdefault((place.repository, place.environment), set())
        names |= {place.identifier_key, place.secret_key}
    own_secrets = {place.repository for place in inventory.at_github if not place.environment}
    wanted = wanted | ({"Secrets: write"} if own_secrets else set())
    repositories = sorted(own_secrets | {repository for repository, _ in environments})
    own = {
        fingerprint
        for one in inventory.credentials.values()
        if one.kind is Kind.GITHUB_TOKEN
        for fingerprint in one.identifiers
    }
    then = [
        _Question("github.scopes", partial(github.scopes, connections, {*wanted, *anchoring})),
        *([_Question("github.token", partial(github.own_token, connections, own))] if own else ()),
        *(
            _Question("github.permissions", partial(github.repository, connections, name, wanted))
            for name in repositories
        ),
        *(
            _Question(f"github.{name}", partial(github.environment, connections, repository, name, secrets))
            for (repository, name), secrets in sorted(environments.items())
        ),
        *(
            _Question(f"github.{name}", partial(github.workflow, connections, workflow))
            for name, _, workflow in workflows
        ),
        *(
            _Question("github.anchor", partial(anchor.examine, connections, audit.github_repository, issue))
            for issue in filter(None, (audit.github_issue,))
            if audit.github_repository
        ),
    ]
    return _Question("github.identity", partial(github.identity, connections, subject.clock), then)


class _Asking:
    """Every question in a thread of its own, which the process does not wait for at its end."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._until = time.monotonic() + patience
        self._found: dict[_Question, list[Finding]] = {}
        self._open = 0
        self._changed = threading.Condition()

    def answers(self, questions: Sequence[_Question]) -> list[Answer]:
        for question in questions:
            self._start(question)
        with self._changed:
            self._changed.wait_for(lambda: not self._open, self._until - time.monotonic())
            return [answer for question in questions for answer in self._of(question)]

    def _start(self, question: _Question) -> None:
        with self._changed:
            self._open += 1
        threading.Thread(target=self._ask, args=(question,), name=question.about, daemon=True).start()

    def _ask(self, question: _Question) -> None:
        """A mistake of ours ends the thread, and the question has no answer."""
        found: list[Finding] = []
        try:
            for finding in question.ask():
                found.append(finding)  # noqa: PERF402  # what was found before an error stands
        except RespondError as error:
            found.append(refused(error))
        if not any(finding.level == "failed" for finding in found):
            for following in question.then:
                self._start(following)
        with self._changed:
            self._found[question] = found
            self._open -= 1
            self._changed.notify_all()

    def _of(self, question: _Question) -> Iterator[Answer]:
        found = self._found.get(question, [self._no_answer(question)])
        passed = not any(finding.level == "failed" for finding in found)
        rest = f" Nothing else was asked of {_service(question)}."
        for finding in found:
            cut_short = question.then and finding.level == "failed"
            told = replace(finding, what=finding.what + rest) if cut_short else finding
            yield Answer(question.about, told)
        for following in question.then if passed else ():
            yield from self._of(following)

    def _no_answer(self, question: _Question) -> Finding:
        who = _service(question)
        look = (
            "Check the network and the service's status page" if who else "See who has it open (`fuser -v`)"
        )
        return failed(
            f"No answer{f' from {who}' if who else ''} within {self._patience:g} s.",
            f"{look}, then type `respond doctor` again.",
        )


def _service(question: _Question) -> str:
    """Empty for what is on this machine."""
    return SERVICES.get(question.about.partition(".")[0], "")
