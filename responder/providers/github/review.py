"""What was done at GitHub: runs, workflows, ways in that somebody made, protection that is gone."""

from collections.abc import Iterator
from typing import Final

from pydantic import AwareDatetime

from responder.action import Call
from responder.exposure import GithubPlacement
from responder.providers.github.connection import GithubConnection
from responder.providers.github.marks import environment_address
from responder.providers.github.review_audit import audited, read_audit_log
from responder.providers.github.review_company import OrganizationReader, company
from responder.providers.github.review_doors import doors
from responder.providers.github.review_guards import Guards, guards, runner_trace
from responder.providers.github.review_kept import kept
from responder.providers.github.review_read import Json, Reader, Repository, moment, quoted
from responder.providers.github.review_runs import runs, workflows
from responder.providers.github.review_who import Who
from responder.trace import LookBack, Review, Reviewed, Severity, Trace


class GithubLookBack(LookBack):
    """`rewritten` are the places that the run itself puts fresh values into, after `confirmed_at`."""

    repositories: tuple[str, ...]
    logins: tuple[str, ...] = ()  # whose tokens leaked
    rewritten: tuple[GithubPlacement, ...] = ()
    confirmed_at: AwareDatetime | None = None


class ReviewGithub(Review[GithubLookBack]):
    name = "github.review"
    permissions = (
        "Actions: read",
        "Administration: read",
        "Codespaces secrets: read",
        "Contents: read",
        "Dependabot secrets: read",
        "Deployments: read",
        "Environments: read",
        "Metadata: read",
        "Secrets: read",
        "Variables: read",
        "Webhooks: read",
    )
    looks_at = "GitHub's runs, pushes, keys, webhooks, people, rules, environments, secrets and audit log"

    def look(self, call: Call, given: GithubLookBack) -> Reviewed:
        connection, questions, now = (
            call.connections.get(GithubConnection),
            self.questions(call),
            call.clock(),
        )
        since = given.start(now).replace(microsecond=0)  # as GitHub tells times
        readers = [Reader(connection, questions, name, since, now) for name in given.repositories]
        owners = dict.fromkeys(name.partition("/")[0] for name in given.repositories)
        logs = {owner: read_audit_log(connection, questions, owner, since) for owner in owners}
        for reader in readers:
            reader.follow()
        guarded = [Guards.ask(connection, questions, one.name, one.branch) for one in readers if one.branch]
        companies = dict.fromkeys(one.name.partition("/")[0] for one in readers if one.of_organization)
        asked = [OrganizationReader(connection, questions, name) for name in companies]
        who = Who.of(given, since, settled=call.alone is None)
        traces = [trace for reader in readers for trace in _left(reader.read(), who)]
        traces += [trace for one in guarded for trace in guards(one, who)]
        traces += [trace for one in asked for trace in company(one.read(), who)]
        events = [event for log in logs.values() for event in log.get() or ()]
        told = tuple(audited(events, traces, who))
        listed = [one for reader in readers for one in reader.listed()]
        listed += [one for reader in asked for one in reader.listed()]
        return Reviewed(traces=told, unread=questions.unread, limited=questions.limited, listed=tuple(listed))


def _left(there: Repository, who: Who) -> Iterator[Trace]:
    yield from workflows(there, who)
    yield from runs(there, who)
    yield from doors(there, who)
    for environment in there.environments:
        yield from _environment(there.name, environment, who)
    yield from kept(there.name, there.kept, who)
    for runner in there.runners:
        yield runner_trace(there.name, runner)


_PRODUCTION: Final = ("prod", "live")


def _environment(repository: str, environment: Json, who: Who) -> Iterator[Trace]:
    name = str(environment["name"])
    kinds = {str(one["type"]) for one in environment.get("protection_rules") or ()}
    open_to_all = not kinds & {"required_reviewers", "branch_policy"}
    guarded = "no rule" if not kinds else ", ".join(sorted(kinds)).replace("_", " ")
    changed_at = moment(str(environment["updated_at"]))
    is_production = name.lower().startswith(_PRODUCTION)
    changed = changed_at >= who.since and not who.left_so(environment_address(repository, name), changed_at)
    if not changed and not (is_production and open_to_all):
        return
    made = moment(str(environment["created_at"])) >= who.since
    severity: Severity = "high" if changed and open_to_all and is_production else "medium"
    what = f"Environment {name} of {repository} was {'made' if made else 'changed'}"
    page = f"https://github.com/{repository}/settings/environments"
    undo = f"gh api -X DELETE repos/{repository}/environments/{quoted(name)}" if changed and made else ""
    yield Trace(
        provider="github",
        kind="github.environment-changed" if changed else "github.environment-open",
        subject=name,
        of=repository,
        what=what
        if changed
        else f"Environment {name} of {repository} is open to every branch, and nobody has to approve",
        at=changed_at if changed else None,
        severity=severity,
        because="Whoever may push a branch has its secrets."
        if open_to_all
        else "Its protection may have been another before, which GitHub does not tell; who must approve and "
        f"which branches may deploy? {page}",
        evidence=f"GET /repos/{repository}/environments: {guarded}; "
        f"updated {changed_at:%Y-%m-%d %H:%M:%S} UTC",
        undo=undo or ("respond run setup --reviewer LOGIN" if open_to_all and is_production else ""),
        mark=f"{changed_at.isoformat()} {guarded}" if changed else guarded,
    )


ACTIONS = (ReviewGithub(),)
