"""What an organisation lets in, which every repository of it has to bear: for its owners alone to see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from responder.errors import DeniedError, NotFoundError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.review_doors import REMOVE_INVITATION, hook_trace
from responder.providers.github.review_guards import runner_trace
from responder.providers.github.review_kept import kept
from responder.providers.github.review_read import Json, Kept, moment, pages
from responder.providers.github.review_who import Who
from responder.questions import Answer, Questions
from responder.trace import Trace


@dataclass(frozen=True)
class Organization:
    """As far as it could be read."""

    name: str
    hooks: Sequence[Json] = ()
    installations: Sequence[Json] = ()
    invitations: Sequence[Json] = ()
    owners: Sequence[Json] = ()
    runners: Sequence[Json] = ()
    secrets: list[Kept] = field(default_factory=list)


class OrganizationReader:
    """Asks all of it at once."""

    def __init__(self, connection: GithubConnection, questions: Questions, name: str) -> None:
        self._connection, self._questions, self._name = connection, questions, name
        self._denied: list[str] = []
        self._hooks = self._ask("webhooks", "hooks")
        self._installations = self._ask("applications", "installations", "installations")
        self._invitations = self._ask("invitations", "invitations")
        self._owners = self._ask("owners", "members?role=admin")
        self._runners = self._ask("runners", "actions/runners", "runners")
        self._secrets = {
            keeper: self._ask(f"{keeper.capitalize()} secrets", f"{keeper}/secrets", "secrets")
            for keeper in ("dependabot", "codespaces")
        }

    def read(self) -> Organization:
        found = Organization(
            name=self._name,
            hooks=self._hooks.get() or (),
            installations=self._installations.get() or (),
            invitations=self._invitations.get() or (),
            owners=self._owners.get() or (),
            runners=self._runners.get() or (),
            secrets=[
                Kept.of(one, f"/orgs/{self._name}/{keeper}/secrets", keeper=keeper)
                for keeper, answer in self._secrets.items()
                for one in answer.get() or ()
            ],
        )
        if self._denied:
            self._questions.not_read(
                f"the {', '.join(sorted(self._denied))} of the organisation {self._name}",
                "they are shown to its owners alone, with the scopes `admin:org` and `admin:org_hook`",
                limited=True,
            )
        return found

    def listed(self) -> Iterator[tuple[str, str]]:
        """What has no date and was read."""
        for kind, answer in (("github.runner", self._runners), ("github.owner", self._owners)):
            if answer.get() is not None:
                yield kind, self._name

    def _ask(self, what: str, below: str, envelope: str = "") -> Answer[list[Json] | None]:
        return self._questions.ask(
            f"the {what} of {self._name}", partial(self._listed, what, below, envelope)
        )

    def _listed(self, what: str, below: str, envelope: str) -> list[Json] | None:
        path = f"/orgs/{self._name}/{below}{'&' if '?' in below else '?'}per_page=100"
        try:
            return [one for page in pages(self._connection, path, envelope) for one in page]
        except (DeniedError, NotFoundError):
            self._denied.append(what)
            return None


def company(there: Organization, who: Who) -> Iterator[Trace]:
    for hook in there.hooks:
        if moment(hook["updated_at"]) >= who.since:
            yield hook_trace(there.name, hook, who)
    for one in there.installations:
        if moment(one["updated_at"]) >= who.since:
            yield _installation(there.name, one, who)
    for invitation in there.invitations:
        if moment(invitation["created_at"]) >= who.since:
            yield _invitation(there.name, invitation, who)
    for owner in there.owners:
        yield _owner(there.name, str(owner["login"]))
    for runner in there.runners:
        yield runner_trace(there.name, runner)
    yield from kept(there.name, there.secrets, who)


def _installation(organization: str, one: Json, who: Who) -> Trace:
    made = moment(one["created_at"]) >= who.since
    did = "installed in" if made else "changed for"
    may = ", ".join(f"{name}: {level}" for name, level in sorted(one["permissions"].items()))
    reach = "every repository" if one["repository_selection"] == "all" else "some repositories"
    return Trace(
        provider="github",
        kind="github.app-installed" if made else "github.app-changed",
        subject=str(one["id"]),
        of=organization,
        what=f"The application {one['app_slug']} was {did} {organization}",
        at=moment(one["updated_at"]),
        severity="high" if made else "low",
        because=f"Whoever runs it may, in {reach}: {may}. Only a person can take it out: {one['html_url']}",
        evidence=f"GET /orgs/{organization}/installations: created {one['created_at']}",
        mark=str(one["updated_at"]),
    )


def _invitation(organization: str, invitation: Json, who: Who) -> Trace:
    by = str((invitation.get("inviter") or {}).get("login", ""))
    invited = invitation.get("login") or "somebody without an account"
    return Trace(
        provider="github",
        kind="github.member-invited",
        subject=str(invitation["id"]),
        of=organization,
        what=f"{invited} was invited to the organisation {organization}, as {invitation['role']}",
        at=moment(invitation["created_at"]),
        by=by,
        severity="critical" if by in who.leaked else "high",
        because="Who accepts it is in with an account of their own.",
        evidence=f"GET /orgs/{organization}/invitations: not accepted yet",
        undo=f"gh api -X DELETE orgs/{organization}/invitations/{invitation['id']}",
        remove_with=REMOVE_INVITATION,
    )


def _owner(organization: str, login: str) -> Trace:
    """Only told: GitHub does not say since when. One who is new shows as new at a later look."""
    return Trace(
        provider="github",
        kind="github.owner",
        subject=login,
        of=organization,
        what=f"{login} is an owner of {organization}",
        severity="info",
        if_new="critical",
        because="An owner may do everything in it. GitHub does not tell since when.",
        evidence=f"GET /orgs/{organization}/members: role admin",
        undo=f"gh api -X PUT orgs/{organization}/memberships/{login} -f role=member",
    )
