"""This GitHub as the rest of the sandbox holds it: start, seed, look inside, stop."""

import copy
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from responder.sandbox.faults import Faults
from responder.sandbox.github import vault
from responder.sandbox.github.actions import Actions
from responder.sandbox.github.age import backdate
from responder.sandbox.github.dispatch import trigger, workflow_path
from responder.sandbox.github.git_store import GitStore
from responder.sandbox.github.leaks import Leaks
from responder.sandbox.github.oidc import Issuer
from responder.sandbox.github.organization import Installation
from responder.sandbox.github.requests import Api
from responder.sandbox.github.server import Server, application, one_at_a_time
from responder.sandbox.github.state import AccountKind, Branch, Permission, Repository, State, User
from responder.sandbox.github.talk import Talking
from responder.sandbox.github.teams import OrgRole, Team
from responder.sandbox.github.vault import Vault
from responder.sandbox.github.ways_in import Ruleset
from responder.sandbox.github.weather import under_weather
from responder.sandbox.github.workflow import WORKFLOW_FOLDER
from responder.sandbox.github.world import world

IDENTITY = "/_services/idtoken"  # where jobs ask for GitHub's word
LEFT_OUT = frozenset({".git", ".venv", "__pycache__"})


class GithubPlane:
    """One GitHub behind one loopback port. Every method may be called from any thread.

    Args:
        clock: Unix seconds; decides every recorded time and every expiry.
        runner_env: merged into the environment of every `run:` step, which is otherwise clean.
        auto_approve: seconds after which the first required reviewer approves a waiting deployment;
            without it, it waits for a person.
        mounts: applications served beside the API, by the path that they begin at; they are called
            without any lock of this plane, and nothing goes wrong there.
        faults: what goes wrong here; without it nothing does.
        audit_log: whether organisations may read theirs, as on GitHub Enterprise Cloud.

    Raises (all seeding methods): ApiError, as the service would answer, for unknown names.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        runner_env: Mapping[str, str] = {},
        auto_approve: float | None = None,
        mounts: Mapping[str, WSGIApplication] = {},
        faults: Faults | None = None,
        audit_log: bool = False,
    ) -> None:
        self._clock = clock
        self._faults = faults or Faults()
        self._mounts = dict(mounts)
        self._changed = threading.Condition(threading.RLock())
        self._state = State(audit_log=[] if audit_log else None)
        self.leaks = Leaks(self._changed, lambda: self._state, clock)
        self.talk = Talking(self._changed, lambda: self._state, clock)
        self.issuer = Issuer(clock)
        self._mounts[IDENTITY] = self.issuer
        self._actions = Actions(self._changed, clock, runner_env, auto_approve, self.issuer)
        api = Api(lambda: self._state, self._actions, clock)
        self._git = GitStore()
        self.app = application(api, self.world, self._git)
        self._server: Server | None = None

    def start(self, port: int = 0) -> str:
        """Serve on 127.0.0.1; gives the value for GITHUB_API_URL.

        Raises:
            OSError: the port is taken.
        """
        if self._server is not None:
            raise RuntimeError("This GitHub is already running.")
        api = under_weather(one_at_a_time(self.app, self._changed), self._faults)
        self._server = Server(DispatcherMiddleware(api, self._mounts), port)
        self.issuer.url = f"{self._server.url}{IDENTITY}"
        return self._server.url

    def stop(self) -> None:
        """Cut off the workflow runs and free the port; what is remembered stays. Twice is once."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._actions.stop()
        self._git.close()

    def add_user(self, login: str) -> str:
        """A person with a classic token, which is returned."""
        with self._changed:
            self._add_account(login, "User")
            return self.add_token(login)

    def add_token(
        self, login: str, *, expires_at: float | None = None, scopes: Iterable[str] | None = None
    ) -> str:
        with self._changed:
            token = self._state.issue_token(login, self._clock(), expires_at)
            token.scopes = token.scopes if scopes is None else tuple(scopes)
            return token.value

    def add_installation_token(self, login: str) -> str:
        """As a workflow's own: what its app may do is taken to be what `login` may. It lasts an hour."""
        with self._changed:
            now = self._clock()
            return self._state.issue_token(login, now, now + timedelta(hours=1).total_seconds(), "ghs_").value

    def add_repository(
        self,
        full_name: str,
        files: Mapping[str, bytes] | Path,
        *,
        default_branch: str = "main",
        permissions: Mapping[str, Permission] = {},
    ) -> None:
        """A private repository; its owner becomes an organisation unless it is a user already."""
        with self._changed:
            owner = full_name.partition("/")[0]
            if owner not in self._state.users:
                self._add_account(owner, "Organization")
            now = self._clock()
            repository = Repository(
                self._state.fresh_id(), full_name, default_branch, now, self._state.fresh_vault()
            )
            branch = Branch(default_branch, files_below(files) if isinstance(files, Path) else dict(files))
            repository.branches[default_branch] = branch
            self._state.repositories[full_name] = repository
            for login, permission in permissions.items():
                repository.permissions[self._state.user(login).login] = permission

    def add_branch(
        self,
        full_name: str,
        branch: str,
        files: Mapping[str, bytes] | None = None,
        *,
        protected: bool = False,
    ) -> None:
        """With the default branch's files, unless given others."""
        with self._changed:
            repository = self._state.repository(full_name)
            taken = repository.branches[repository.default_branch].files if files is None else files
            repository.branches[branch] = Branch(branch, dict(taken), protected)

    def trigger(
        self, full_name: str, workflow: str, event: str, *, branch: str = "main", actor: str = ""
    ) -> int:
        """Have an event start a workflow's file: `schedule`, or `pull_request` from a branch. Gives the run.

        Raises:
            ApiError: it does not start that one.
        """
        with self._changed:
            repository = self._state.repository(full_name)
            path, source = f"{WORKFLOW_FOLDER}{workflow}", repository.branches[branch]
            workflow_path(self._state, repository, workflow)
            who, now = actor or full_name.partition("/")[0], self._clock()
            run = trigger(
                self._state, self._actions, repository, path, event=event, branch=source, actor=who, now=now
            )
            return run.id

    def add_environment(
        self,
        full_name: str,
        name: str,
        *,
        reviewers: Iterable[str] = (),
        branches: Iterable[str] = (),
        wait_minutes: int = 0,
        prevent_self_review: bool = False,
        teams: Iterable[str] = (),
    ) -> None:
        """Without `branches` every branch may deploy."""
        with self._changed:
            repository = self._state.repository(full_name)
            environment = self._state.add_environment(repository, name, self._clock())
            environment.reviewers = [self._state.user(login).login for login in reviewers]
            known = self._state.people_of(full_name.partition("/")[0]).teams
            environment.reviewing_teams = [known[slug] for slug in teams]
            environment.branch_patterns = {self._state.fresh_id(): pattern for pattern in branches}
            environment.branch_policy = "custom" if environment.branch_patterns else None
            environment.wait_timer = wait_minutes
            environment.prevent_self_review = prevent_self_review

    def add_member(self, organization: str, login: str, role: OrgRole = "member") -> None:
        with self._changed:
            self._state.people_of(organization).members[self._state.user(login).login] = role

    def add_team(
        self,
        organization: str,
        slug: str,
        members: Iterable[str] = (),
        *,
        of: str = "",
        repositories: Mapping[str, Permission] = {},
    ) -> None:
        """`of` is the team that it is below; `repositories` what it opens to its members."""
        with self._changed:
            people = self._state.people_of(organization)
            team = people.teams[slug] = Team(self._state.fresh_id(), slug.title(), slug)
            for login in members:
                self.add_member(organization, login)
                team.members[login] = "member"
            if of:
                people.teams[of].children.append(team)
            for full_name, permission in repositories.items():
                self._state.repository(full_name).teams.append((team, permission))

    def add_installation(self, organization: str, app: str) -> int:
        """Of a GitHub App, which a person makes at the site."""
        with self._changed:
            made = Installation(self._state.fresh_id(), app, self._clock())
            self._state.shared(organization).installations[made.id] = made
            return made.id

    def add_ruleset(self, full_name: str, name: str, rules: Sequence[str]) -> int:
        """For its default branch, and active; the rules are types, as the API has them."""
        with self._changed:
            now = self._clock()
            made = Ruleset(self._state.fresh_id(), name, "active", rules, now, now)
            self._state.repository(full_name).ways_in.rulesets[made.id] = made
            return made.id

    def add_issue(self, full_name: str) -> int:
        """An issue without comments; gives its number."""
        with self._changed:
            issues = self._state.repository(full_name).issues
            issues[len(issues) + 1] = []
            return len(issues)

    def put_environment_secret(self, full_name: str, environment: str, name: str, value: str) -> None:
        self._put(lambda: self._environment_vault(full_name, environment).secrets, name, value)

    def put_repository_secret(self, full_name: str, name: str, value: str) -> None:
        self._put(lambda: self._state.repository(full_name).vault.secrets, name, value)

    def put_environment_variable(self, full_name: str, environment: str, name: str, value: str) -> None:
        self._put(lambda: self._environment_vault(full_name, environment).variables, name, value)

    def put_repository_variable(self, full_name: str, name: str, value: str) -> None:
        self._put(lambda: self._state.repository(full_name).vault.variables, name, value)

    def put_organization_secret(
        self, organization: str, name: str, value: str, *, only: Iterable[str] = ()
    ) -> None:
        """Shared with all repositories of the organisation, unless `only` names some."""
        with self._changed:
            shared = self._state.shared(self._state.user(organization).login)
            shared.put(shared.secrets, name, value, frozenset(only), self._clock())

    def put_organization_variable(self, organization: str, name: str, value: str) -> None:
        with self._changed:
            shared = self._state.shared(self._state.user(organization).login)
            shared.put(shared.variables, name, value, frozenset(), self._clock())

    def backdate(self, age: timedelta) -> None:
        """Have all that there is be older by that."""
        with self._changed:
            backdate(self._state, age.total_seconds())

    def world(self) -> dict[str, Any]:
        """The ground truth, secrets in clear. For tests and the sandbox's own endpoint only."""
        with self._changed:
            return world(self._state, self._clock())

    def snapshot(self) -> object:
        with self._changed:
            return copy.deepcopy(self._state)

    def restore(self, snapshot: object) -> None:
        """Back to a snapshot; workflow runs are cut off, those that were under way in it are cancelled."""
        if not isinstance(snapshot, State):
            raise TypeError("Not a snapshot of a GithubPlane.")
        self._actions.stop()
        with self._changed:
            self._state = copy.deepcopy(snapshot)
            for repository in self._state.repositories.values():
                for run in repository.runs:
                    if run.status != "completed":
                        run.settle("cancelled", self._clock())

    def wait_until(self, condition: Callable[[dict[str, Any]], bool], *, seconds: float) -> None:
        """Until the world is so.

        Raises:
            TimeoutError: it did not become so.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self.world()), seconds):
                raise TimeoutError(f"Not so after {seconds} seconds.")

    def _add_account(self, login: str, kind: AccountKind) -> None:
        self._state.users[login] = User(self._state.fresh_id(), login, kind, self._clock())

    def _environment_vault(self, full_name: str, environment: str) -> Vault:
        return self._state.repository(full_name).environment(environment).vault

    def _put(self, entries: Callable[[], dict[str, vault.Entry]], name: str, value: str) -> None:
        with self._changed:
            vault.put(entries(), name, value, self._clock())


def files_below(folder: Path) -> dict[str, bytes]:
    """What a commit of the folder would hold."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not LEFT_OUT.intersection(path.relative_to(folder).parts)
    }
