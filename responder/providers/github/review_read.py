"""What of a repository has a date: runs, pushes, keys, webhooks, invitations, secrets; read only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias
from urllib.parse import quote, urlencode

from responder.providers.github.connection import GithubConnection
from responder.questions import Answer, Questions

if TYPE_CHECKING:
    from github import Github

Json: TypeAlias = Mapping[str, Any]
WORKFLOWS: Final = ".github/workflows"
NOTHING: Final = "0" * 40  # Git's name for no commit
_HEADS: Final = "refs/heads/"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_STARTED_AGAIN: Final = timedelta(days=30)
_MOST: Final = 500  # of any list
_MOST_REFS: Final = 40  # that moved, whose workflows are looked at
_PERIODS: Final = ("day", 1), ("week", 7), ("month", 30), ("quarter", 90), ("year", 366)


@dataclass(frozen=True)
class Kept:
    """A secret or a variable."""

    address: str  # of itself
    name: str
    updated_at: datetime
    created_at: datetime
    environment: str = ""  # empty for the repository's and the organisation's
    shared: bool = False  # the organisation's, as the repository is given it
    keeper: str = "actions"  # or dependabot, codespaces
    is_variable: bool = False

    @classmethod
    def of(cls, shown: Json, address: str, **where: Any) -> Self:  # noqa: ANN401  # the fields above
        return cls(
            address=f"{address}/{shown['name']}",
            name=str(shown["name"]),
            updated_at=moment(shown["updated_at"]),
            created_at=moment(shown["created_at"]),
            **where,
        )


@dataclass(frozen=True)
class Repository:
    """As far as it could be read: what could not is an empty list, and the questions say so."""

    name: str
    branch: str  # the default one
    runs: Sequence[Json] = ()
    moves: Sequence[Json] = ()  # of branches, newest first
    commits: Mapping[str, Sequence[Json]] | None = None  # that changed workflows, by the ref they are on
    keys: Sequence[Json] = ()
    hooks: Sequence[Json] = ()
    collaborators: Sequence[Json] = ()
    invitations: Sequence[Json] = ()
    environments: Sequence[Json] = ()
    deployments: Sequence[Json] = ()
    kept: Sequence[Kept] = ()
    runners: Sequence[Json] = ()
    teams: Sequence[Json] = ()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def quoted(name: str) -> str:
    """A name as a part of an address."""
    return quote(name, safe="")


class Reader:
    """Asks of one repository: its lists at once, then what they lead to."""

    def __init__(
        self,
        connection: GithubConnection,
        questions: Questions,
        name: str,
        since: datetime,
        now: datetime,
    ) -> None:
        self._connection, self._questions = connection, questions
        self.name, self._since = name, since
        at = f"{since:{_TIME}}"
        period = next((word for word, days in _PERIODS if now - since < timedelta(days=days)), "year")
        self._itself = self._ask("the settings", lambda: self._get(self._path))
        self._runs = self._list("the workflow runs", "actions/runs", "workflow_runs", created=f">={at}")
        self._again = self._ask("the runs that were started again", self._started_again)
        self._moves = self._list("who pushed what", "activity", time_period=period)
        self._keys = self._list("the deploy keys", "keys")
        self._hooks = self._list("the webhooks", "hooks")
        self._people = self._list("the collaborators", "collaborators", affiliation="direct")
        self._invited = self._list("the invitations", "invitations")
        self._environments = self._list("the environments", "environments", "environments")
        self._deployments = self._ask("the deployments", self._recent_deployments)
        self._runners = self._list("the self-hosted runners", "actions/runners", "runners")
        self._kept: list[tuple[str, dict[str, Any], Answer[list[Json]]]] = []
        self._keep("the repository's secrets", "actions/secrets")
        self._keep("the repository's variables", "actions/variables", is_variable=True)
        for keeper in ("dependabot", "codespaces"):
            self._keep(f"the {keeper.capitalize()} secrets", f"{keeper}/secrets", keeper=keeper)
        self._teams: Answer[list[Json]] | None = None
        self._commits: dict[str, Answer[list[Json]]] = {}

    def follow(self) -> None:
        """Ask what the first answers lead to."""
        if self.of_organization:
            self._keep("the organisation's secrets", "actions/organization-secrets", shared=True)
            self._keep(
                "the organisation's variables",
                "actions/organization-variables",
                shared=True,
                is_variable=True,
            )
            self._teams = self._list("the teams", "teams")
        for one in self._environments.get() or ():
            name = str(one["name"])
            at, of = f"environments/{quoted(name)}", f"of environment {name}"
            self._keep(f"the secrets {of}", f"{at}/secrets", environment=name)
            self._keep(f"the variables {of}", f"{at}/variables", environment=name, is_variable=True)
        branch = self.branch
        starts = {branch: branch} if branch else {}
        for ref, sha in self._moved().items():
            starts.setdefault(ref, sha)
        if len(starts) > _MOST_REFS:
            self._questions.not_read(
                f"the workflows of {self.name}", f"{len(starts)} branches moved; {_MOST_REFS} were looked at"
            )
        since = f"{self._since:{_TIME}}"
        for ref, sha in list(starts.items())[:_MOST_REFS]:
            self._commits[ref] = self._list(
                f"the workflows on {ref}", "commits", sha=sha, path=WORKFLOWS, since=since
            )

    def read(self) -> Repository:
        return Repository(
            name=self.name,
            branch=self.branch,
            runs=[*(self._runs.get() or ()), *(self._again.get() or ())],
            moves=self._moves_since(),
            commits={ref: answer.get() or () for ref, answer in self._commits.items()},
            keys=self._keys.get() or (),
            hooks=self._hooks.get() or (),
            collaborators=self._people.get() or (),
            invitations=self._invited.get() or (),
            environments=self._environments.get() or (),
            deployments=self._deployments.get() or (),
            runners=self._runners.get() or (),
            teams=(self._teams.get() if self._teams else None) or (),
            kept=[
                Kept.of(one, address, **where)
                for address, where, answer in self._kept
                for one in answer.get() or ()
            ],
        )

    def listed(self) -> Iterator[tuple[str, str]]:
        """What has no date and was read."""
        kinds = {"runner": self._runners, "team": self._teams, "collaborator": self._people}
        for kind, answer in kinds.items():
            if answer and answer.get() is not None:
                yield f"github.{kind}", self.name

    @property
    def of_organization(self) -> bool:
        return bool((self._itself.get() or {}).get("owner", {}).get("type") == "Organization")

    def _keep(self, what: str, below: str, **where: Any) -> None:  # noqa: ANN401  # as Kept has them
        envelope = "variables" if where.get("is_variable") else "secrets"
        self._kept.append((f"{self._path}/{below}", where, self._list(what, below, envelope)))

    @property
    def _path(self) -> str:
        return f"/repos/{self.name}"

    @property
    def branch(self) -> str:
        """The default one; empty where the repository could not be read."""
        return str((self._itself.get() or {}).get("default_branch", ""))

    def _moves_since(self) -> list[Json]:
        return [one for one in self._moves.get() or () if moment(one["timestamp"]) >= self._since]

    def _moved(self) -> dict[str, str]:
        """Branch -> where it was last; also one that is gone, whose commits GitHub keeps."""
        found: dict[str, str] = {}
        for move in self._moves_since():
            last = move["after"] if move["after"] != NOTHING else move["before"]
            found.setdefault(str(move["ref"]).removeprefix(_HEADS), str(last))
        return found

    def _started_again(self) -> list[Json]:
        """Older runs: GitHub starts one again, as it was, for 30 days.

        https://docs.github.com/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs
        """
        first = self._since - _STARTED_AGAIN
        query = urlencode({"created": f"{first:{_TIME}}..{self._since:{_TIME}}", "per_page": "100"})
        read, found = 0, []
        for page in pages(self._connection, f"{self._path}/actions/runs?{query}", "workflow_runs"):
            read += len(page)
            found += [
                one
                for one in page
                if moment(one["created_at"]) < self._since <= moment(one["run_started_at"])
            ]
            if read >= _MOST:
                what = f"which runs of {self.name} were started again"
                self._questions.not_read(what, f"only the last {read} were looked at", limited=True)
                break
        return found

    def _recent_deployments(self) -> list[Json]:
        """The newest first, as far as they are since then: GitHub takes no date here."""
        found: list[Json] = []
        for page in pages(self._connection, f"{self._path}/deployments?per_page=100"):
            found += [one for one in page if moment(one["created_at"]) >= self._since]
            if any(moment(one["created_at"]) < self._since for one in page):
                break
            if len(found) >= _MOST:
                self._questions.not_read(f"the deployments of {self.name}", f"only {len(found)} were read")
                break
        return found

    def _list(self, what: str, below: str, envelope: str = "", **query: str) -> Answer[list[Json]]:
        asked = urlencode({**query, "per_page": "100"})
        return self._ask(what, partial(self._all, what, f"{self._path}/{below}?{asked}", envelope))

    def _all(self, what: str, path: str, envelope: str) -> list[Json]:
        found: list[Json] = []
        for page in pages(self._connection, path, envelope):
            found += page
            if len(found) >= _MOST:
                self._questions.not_read(f"{what} of {self.name}", f"only {len(found)} were read")
                break
        return found

    def _ask(self, what: str, question: Callable[[], Any]) -> Answer[Any]:
        return self._questions.ask(f"{what} of {self.name}", question)

    def _get(self, path: str) -> Any:  # noqa: ANN401  # GitHub's JSON
        return page_of(self._connection, path)[1]


def pages(connection: GithubConnection, path: str, envelope: str = "") -> Iterable[list[Any]]:
    """Page after page, as GitHub's Link header leads.

    Raises:
        ProviderError: one of them could not be read.
    """
    following: str | None = path
    while following:
        headers, answer = page_of(connection, following)
        yield list(answer[envelope] if envelope else answer)
        following = _next(str(headers.get("link", "")))


def page_of(connection: GithubConnection, path: str) -> tuple[Mapping[str, str], Any]:
    def ask(github: "Github") -> tuple[Mapping[str, str], Any]:
        return github.requester.requestJsonAndCheck("GET", path)

    return connection.ask(f"GET {path.partition('?')[0]}", ask)


def _next(link: str) -> str | None:
    for part in link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return address.strip().strip("<>")
    return None
