"""What this GitHub remembers. Nothing here locks: whoever touches it holds the plane's condition."""

import fnmatch
import secrets
import string
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from responder.sandbox.github import git_objects
from responder.sandbox.github.audit import Audited
from responder.sandbox.github.errors import not_found
from responder.sandbox.github.leaks import Gist, Spilt
from responder.sandbox.github.organization import Shared
from responder.sandbox.github.runs import Run
from responder.sandbox.github.talk import Edit, Talk
from responder.sandbox.github.teams import People, Team
from responder.sandbox.github.vault import Vault
from responder.sandbox.github.ways_in import Push, WaysIn

Permission = Literal["read", "write", "admin"]
PERMISSIONS: tuple[Permission, ...] = ("read", "write", "admin")
AccountKind = Literal["User", "Organization"]
BranchPolicy = Literal["protected", "custom"]

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


@dataclass
class User:
    id: int
    login: str
    kind: AccountKind
    created_at: float


@dataclass
class Token:
    value: str = field(repr=False)
    login: str
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    scopes: tuple[str, ...] = ("gist", "repo", "workflow")

    @property
    def is_installation(self) -> bool:
        return self.value.startswith("ghs_")

    def live(self, now: float) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass
class Branch:
    name: str
    files: dict[str, bytes]
    protected: bool = False
    head: str = ""  # the last commit that was made to it

    @property
    def sha(self) -> str:
        return self.head or git_objects.beginning(self.files).name


@dataclass
class Environment:
    id: int
    name: str
    created_at: float
    updated_at: float
    vault: Vault
    wait_timer: int = 0  # minutes
    reviewers: list[str] = field(default_factory=list)
    reviewing_teams: list[Team] = field(default_factory=list)
    prevent_self_review: bool = False
    branch_policy: BranchPolicy | None = None
    branch_patterns: dict[int, str] = field(default_factory=dict)

    def allows(self, branch: Branch, of: Iterable[Branch]) -> bool:
        if self.branch_policy == "protected":  # which excludes nobody where no branch is
            return branch.protected or not any(one.protected for one in of)
        if self.branch_policy == "custom":
            return any(fnmatch.fnmatchcase(branch.name, p) for p in self.branch_patterns.values())
        return True

    @property
    def is_reviewed(self) -> bool:
        """Whether somebody must approve, be there anybody who may or not."""
        return bool(self.reviewers or self.reviewing_teams)

    def may_review(self, login: str, actor: str) -> bool:
        """Whether they may approve what `actor` asked for."""
        return login in self.reviewing() and not (self.prevent_self_review and login == actor)

    def reviewing(self) -> list[str]:
        """Logins."""
        through = (login for team in self.reviewing_teams for login in team.everyone())
        return list(dict.fromkeys([*self.reviewers, *through]))


@dataclass
class Comment:
    id: int
    login: str
    body: str
    created_at: float
    edits: list[Edit] = field(default_factory=list)


@dataclass
class Repository:
    id: int
    full_name: str
    default_branch: str
    created_at: float
    vault: Vault
    branches: dict[str, Branch] = field(default_factory=dict)
    permissions: dict[str, Permission] = field(default_factory=dict)  # that people have by themselves
    teams: list[tuple[Team, Permission]] = field(default_factory=list)
    environments: dict[str, Environment] = field(default_factory=dict)
    workflow_ids: dict[str, int] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    issues: dict[int, list[Comment]] = field(default_factory=dict)  # their comments, by the issue's number
    spilt: Spilt = field(default_factory=Spilt)
    ways_in: WaysIn = field(default_factory=WaysIn)
    pushes: list[Push] = field(default_factory=list)
    talk: Talk = field(default_factory=Talk)
    wiki: "Repository | None" = None  # none before its first page

    def allows(self, login: str, need: Permission) -> bool:
        held = self.permission(login)
        return held is not None and PERMISSIONS.index(held) >= PERMISSIONS.index(need)

    def permission(self, login: str) -> Permission | None:
        """The most of what they have by themselves and through teams."""
        held = [permission for team, permission in self.teams if login in team.everyone()]
        held += [self.permissions[login]] if login in self.permissions else []
        return max(held, key=PERMISSIONS.index, default=None)

    def branch(self, ref: str) -> Branch | None:
        return self.branches.get(ref.removeprefix("refs/heads/"))

    def environment(self, name: str) -> Environment:
        if name not in self.environments:
            raise not_found()
        return self.environments[name]

    def run(self, run_id: int) -> Run:
        for run in self.runs:
            if run.id == run_id:
                return run
        raise not_found()


@dataclass
class State:
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    gists: dict[str, Gist] = field(default_factory=dict)
    organizations: dict[str, Shared] = field(default_factory=dict)  # by login
    people: dict[str, People] = field(default_factory=dict)  # of organisations, by login
    audit_log: list[Audited] | None = None  # of every organisation; None without GitHub Enterprise Cloud
    last_id: int = 1000

    def fresh_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def fresh_vault(self) -> Vault:
        return Vault(str(568250167242549743 + self.fresh_id()))

    def user(self, login: str) -> User:
        """By login, in any case."""
        found = [user for name, user in self.users.items() if name.casefold() == login.casefold()]
        if not found:
            raise not_found()
        return found[0]

    def repository(self, full_name: str) -> Repository:
        if full_name not in self.repositories:
            raise not_found()
        return self.repositories[full_name]

    def shared(self, owner: str) -> Shared:
        """A person has nothing to share, and is answered with that."""
        return self.organizations.setdefault(owner, Shared())

    def people_of(self, organization: str) -> People:
        return self.people.setdefault(organization, People())

    def add_environment(self, repository: Repository, name: str, now: float) -> Environment:
        environment = Environment(self.fresh_id(), name, now, now, self.fresh_vault())
        repository.environments[name] = environment
        return environment

    def issue_token(
        self, login: str, now: float, expires_at: float | None = None, kind: str = "ghp_"
    ) -> Token:
        token = Token(fresh_token(kind), self.user(login).login, now, expires_at)
        self.tokens[token.value] = token
        return token


def fresh_token(kind: str = "ghp_") -> str:
    """A personal access token, or of another kind, its last six characters the checksum that scanners test.

    https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    """
    body = "".join(secrets.choice(BASE62) for _ in range(30))
    number, checksum = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        checksum = BASE62[digit] + checksum
    return f"{kind}{body}{checksum}"


def blob_sha(data: bytes) -> str:
    """Git's own name for a file's content."""
    return git_objects.GitObject.of("blob", data).name
