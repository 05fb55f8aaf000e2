"""Whether the names in an inventory fit together, so that a run never meets a dangling one half-way."""

import difflib
from collections.abc import Iterator

from responder.exposure import base_of
from responder.found import Kind
from responder.inventory.document import KINDS, Credential, Document
from responder.inventory.errors import Mistake, nearest
from responder.inventory.lines import KeyPath

_NAMED_BY = {Kind.AWS_ACCESS_KEY: "user", Kind.MODAL_SERVICE_USER: "service_user"}
_OTHERWISE = "identifiers"


def check(document: Document) -> Iterator[Mistake]:
    """Every mistake that is not one of shape."""
    for credential in document.credentials.values():
        yield from _how_it_is_named(credential)
    yield from _named_twice(document)
    yield from _placed_twice(document)
    yield from _workloads(document)
    yield from _guards(document)
    yield from _anchors(document)


def _how_it_is_named(credential: Credential) -> Iterator[Mistake]:
    path = ("credentials", credential.name)
    if credential.kind is Kind.MODAL_TOKEN:
        what = f"`{Kind.MODAL_TOKEN}` is no kind to keep: only Modal knows whose token it is. Known: "
        yield Mistake((*path, "kind"), what + ", ".join(KINDS) + ".")
        return
    wanted = _NAMED_BY.get(credential.kind, _OTHERWISE)
    if not getattr(credential, wanted):
        yield Mistake(
            path, f"credentials.{credential.name} is of kind {credential.kind} and has no `{wanted}`."
        )
    for key in (*_NAMED_BY.values(), _OTHERWISE):
        if key != wanted and getattr(credential, key):
            what = (
                f"`{key}` is for another kind: a credential of kind {credential.kind} is named by `{wanted}`."
            )
            yield Mistake((*path, key), what)
    base = base_of(credential.service_user)
    if base != credential.service_user:
        what = f"`service_user` is the name without what rotations append: `{base}`."
        yield Mistake((*path, "service_user"), what)


def _named_twice(document: Document) -> Iterator[Mistake]:
    owners: dict[tuple[str, str], str] = {}
    for name, credential in document.credentials.items():
        named = [(key, getattr(credential, key)) for key in _NAMED_BY.values() if getattr(credential, key)]
        named += [(_OTHERWISE, identifier) for identifier in credential.identifiers]
        for key, value in named:
            owner = owners.setdefault((key, value), name)
            if owner != name:
                path = ("credentials", name, key)
                yield Mistake(path, f"`{value}` is the `{key}` of credentials.{owner} already.")


def _placed_twice(document: Document) -> Iterator[Mistake]:
    owners: dict[tuple[str, ...], str] = {}

    def claim(path: KeyPath, credential: str, place: str, keys: tuple[str, str]) -> Iterator[Mistake]:
        for key in keys:
            if (place, key) in owners:
                yield Mistake(path, f"{key} of {place} is given to credentials.{owners[place, key]} already.")
            owners.setdefault((place, key), credential)

    for name, credential in document.credentials.items():
        for index, one in enumerate(credential.modal_secrets):
            path: KeyPath = ("credentials", name, "modal_secrets", index)
            place = f"the Modal Secret {one.secret} in {one.environment}"
            yield from claim(path, name, place, (one.identifier_key, one.secret_key))
        for index, other in enumerate(credential.github_environments):
            path = ("credentials", name, "github_environments", index)
            place = f"the GitHub environment {other.environment} of {other.repository}"
            yield from claim(path, name, place, (other.identifier_key, other.secret_key))
        for index, own in enumerate(credential.github_repositories):
            path = ("credentials", name, "github_repositories", index)
            place = f"the GitHub repository {own.repository}"
            yield from claim(path, name, place, (own.identifier_key, own.secret_key))


def _workloads(document: Document) -> Iterator[Mistake]:
    for name, workload in document.workloads.items():
        for key, credentials in (
            ("runs_with", workload.runs_with),
            ("deployed_with", workload.deployed_with),
        ):
            for credential in credentials:
                if credential not in document.credentials:
                    what = f"`{key}` names `{credential}`, and there is no such credential. "
                    yield Mistake(("workloads", name, key), what + nearest(credential, document.credentials))
        if workload.workflow is None and not workload.source:
            what = f"workloads.{name} has neither `workflow` nor `source`: nothing could deploy it again."
            yield Mistake(("workloads", name), what)


def _guards(document: Document) -> Iterator[Mistake]:
    """A guard with a spelling mistake guards nothing; one for an environment that is yet to come is fine."""
    environments = {workload.environment for workload in document.workloads.values()}
    for credential in document.credentials.values():
        environments |= {place.environment for place in credential.modal_secrets}
        environments |= {place.environment for place in credential.github_environments}
    for guarded in document.guarded_environments:
        if guarded not in environments and difflib.get_close_matches(guarded, environments):
            what = f"no placement or workload is in the environment `{guarded}`. "
            yield Mistake(("guarded_environments",), what + nearest(guarded, environments))


def _anchors(document: Document) -> Iterator[Mistake]:
    audit = document.audit
    if audit.github_issue and not (audit.github_repository or document.github.repository):
        yield Mistake(("audit", "github_issue"), "audit.github_issue has no repository to be in.")
    if audit.github_repository and not audit.github_issue:
        yield Mistake(("audit", "github_repository"), "audit.github_repository has no `github_issue`.")
