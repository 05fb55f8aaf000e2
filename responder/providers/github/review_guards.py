"""What guards a repository's branches: rulesets and protection; and the runners of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from responder.errors import DeniedError, NotFoundError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.review_read import Json, moment, page_of, pages, quoted
from responder.providers.github.review_who import Who
from responder.questions import Answer, Questions
from responder.trace import Severity, Trace

REMOVE_RUNNER: Final = "github.remove_runner"
_NOT_ON_THIS_PLAN: Final = "upgrade to github"  # GitHub's words for a private repository on the free one


@dataclass(frozen=True)
class Guards:
    """Of one repository, asked for."""

    repository: str
    branch: str  # the default one
    rulesets: Answer[list[Json]]
    words: Answer[list[str]]

    @classmethod
    def ask(cls, connection: GithubConnection, questions: Questions, repository: str, branch: str) -> Self:
        rulesets = questions.ask(f"the rulesets of {repository}", _rulesets, connection, repository)
        guarded = f"what guards {branch} of {repository}"
        return cls(
            repository, branch, rulesets, questions.ask(guarded, _guarding, connection, repository, branch)
        )


def _guarding(connection: GithubConnection, repository: str, branch: str) -> list[str]:
    """In words, what a push to the branch has to pass. Empty where nothing guards it.

    https://docs.github.com/rest/repos/rules#get-rules-for-a-branch
    """
    path = f"/repos/{repository}"
    try:
        found = pages(connection, f"{path}/rules/branches/{quoted(branch)}?per_page=100")
        words = {f"{rule['type']} (ruleset)" for page in found for rule in page}
    except DeniedError as error:
        if _NOT_ON_THIS_PLAN not in error.what.casefold():
            raise
        words = set()
    if page_of(connection, f"{path}/branches/{quoted(branch)}")[1]["protected"]:
        words |= set(_protection(connection, f"{path}/branches/{quoted(branch)}/protection"))
    return sorted(words)


def _protection(connection: GithubConnection, path: str) -> Iterator[str]:
    yield "protected"
    try:
        rules = page_of(connection, path)[1]
    except (DeniedError, NotFoundError):  # administrators are told more; or rulesets are what protects it
        return
    reviews = rules.get("required_pull_request_reviews")
    if reviews:
        yield f"{reviews.get('required_approving_review_count', 0)} approvals"
    if rules.get("required_status_checks"):
        yield "status checks"
    if rules.get("restrictions"):
        yield "who may push"
    if (rules.get("enforce_admins") or {}).get("enabled"):
        yield "for administrators too"
    for name in ("force_pushes", "deletions"):
        if not (rules.get(f"allow_{name}") or {}).get("enabled"):
            yield f"no {name.replace('_', ' ')}"


def _rulesets(connection: GithubConnection, repository: str) -> list[Json]:
    """Those of its organisation too."""
    try:
        found = pages(connection, f"/repos/{repository}/rulesets?per_page=100")
        return [one for page in found for one in page]
    except DeniedError as error:
        if _NOT_ON_THIS_PLAN in error.what.casefold():
            return []
        raise


def guards(there: Guards, who: Who) -> Iterator[Trace]:
    for one in there.rulesets.get() or ():
        if one.get("updated_at") and moment(one["updated_at"]) >= who.since:
            yield _ruleset(there.repository, one, who)
    words = there.words.get()
    if words is not None:
        yield _branch(there.repository, there.branch, words)


def _ruleset(repository: str, one: Json, who: Who) -> Trace:
    made, holds = moment(one["created_at"]) >= who.since, one["enforcement"] == "active"
    severity: Severity = "medium" if holds else "high"
    of_organization = one.get("source_type") == "Organization"
    path = f"orgs/{one['source']}" if of_organization else f"repos/{repository}"
    undo = f"gh api -X PUT {path}/rulesets/{one['id']} -f enforcement=active"
    if made or holds:
        undo = f"gh api -X DELETE {path}/rulesets/{one['id']}" if made else ""
    return Trace(
        provider="github",
        kind="github.ruleset-changed",
        subject=str(one["id"]),
        of=repository,
        what=f"Ruleset {one['name']} of {repository} was {'made' if made else 'changed'}, and is "
        f"{one['enforcement']}",
        at=moment(one["updated_at"]),
        severity=severity,
        because="What it holds back may be pushed, if whoever changed it was none of you."
        if not holds
        else "It may hold back less than before, and let somebody past it; GitHub keeps its history: "
        f"https://github.com/{repository}/settings/rules",
        evidence=f"GET /repos/{repository}/rulesets: updated {one['updated_at']}",
        undo=undo,
        mark=f"{one['updated_at']} {one['enforcement']}",
    )


def _branch(repository: str, branch: str, words: list[str]) -> Trace:
    """Only told: GitHub does not say since when. What is otherwise at a later look shows as new."""
    told = ", ".join(words)
    return Trace(
        provider="github",
        kind="github.branch-guard",
        subject=branch,
        of=repository,
        what=f"{branch} of {repository} is guarded by: {told}"
        if words
        else f"Nothing guards {branch} of {repository}",
        severity="info",
        if_new="high",
        because="GitHub does not tell since when; what should guard it, only you know.",
        evidence=f"GET /repos/{repository}/rules/branches/{branch}, /branches/{branch}/protection",
        holds=tuple(words),
        mark=told,
    )


def runner_trace(owner: str, runner: Json) -> Trace:
    """Of a repository or of an organisation. Only told, as GitHub does not say since when."""
    path = f"repos/{owner}" if "/" in owner else f"orgs/{owner}"
    labels = ", ".join(str(label["name"]) for label in runner["labels"])
    return Trace(
        provider="github",
        kind="github.runner",
        subject=str(runner["id"]),
        of=owner,
        what=f"Self-hosted runner {runner['name']} ({labels}) takes jobs of {owner}",
        severity="info",
        if_new="high",
        because="Whoever has that machine has the secrets of each job that runs on it.",
        evidence=f"GET /{path}/actions/runners: {runner['os']}, {runner['status']}",
        undo=f"gh api -X DELETE {path}/actions/runners/{runner['id']}",
        remove_with=REMOVE_RUNNER,
    )
