"""Where credentials are kept and what runs with them, as the services themselves say it.

No service shows a value. So where a secret has the name that such a credential is usually given, it *may*
hold one, and which one nobody can tell.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict

__all__ = [
    "Discovered",
    "Family",
    "GithubEnvironment",
    "GithubSecret",
    "IamKey",
    "IamUser",
    "ModalApp",
    "ModalEnvironment",
    "ModalFunction",
    "ModalSecret",
    "ModalServiceUser",
    "Place",
    "ProxyToken",
    "Read",
    "Scope",
    "Workflow",
    "merged",
    "names_a_secret",
    "pair_of",
]

Scope: TypeAlias = tuple[str, ...]  # ("modal.secrets", "prod")


_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|PRIVATE|DSN|DATABASE_URL", re.IGNORECASE)


def names_a_secret(variable: str) -> bool:
    """Whether a variable of that name holds one, as far as names tell."""
    return _SECRET_NAME.search(variable) is not None


class Read:
    """What was read to its end: only then is what is not in a list not there."""

    IAM_USERS: Scope = ("aws.users",)
    MODAL_ENVIRONMENTS: Scope = ("modal.environments",)
    SERVICE_USERS: Scope = ("modal.service-users",)
    PROXY_TOKENS: Scope = ("modal.proxy-tokens",)

    @staticmethod
    def modal_secrets(environment: str) -> Scope:
        return ("modal.secrets", environment)

    @staticmethod
    def modal_apps(environment: str) -> Scope:
        return ("modal.apps", environment)

    @staticmethod
    def github_environments(repository: str) -> Scope:
        return ("github.environments", repository)

    @staticmethod
    def github_secrets(repository: str, environment: str) -> Scope:
        """Without an environment the repository's own."""
        return ("github.secrets", repository, environment)

    @staticmethod
    def workflows(repository: str) -> Scope:
        return ("github.workflows", repository)


class Family(StrEnum):
    """Credentials that are interchangeable by the names they are kept under."""

    AWS = "aws"
    MODAL = "modal"
    GITHUB = "github"


_PAIRS = {
    Family.AWS: ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    Family.MODAL: ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"),
}


_TOKEN_OF_GITHUB = re.compile(
    r"(?:^|_)(?:(?:GH|GITHUB)_(?:\w+_)?(?:TOKEN|PAT)|PAT|PERSONAL_ACCESS_TOKEN)(?:_|$)"
)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModalEnvironment(_Model):
    name: str
    restricted: bool


class ModalSecret(_Model):
    """Modal tells when a Secret was made and last used, never when it was changed."""

    environment: str
    name: str
    secret_id: str
    keys: tuple[str, ...]
    created_at: AwareDatetime | None
    last_used_at: AwareDatetime | None


class ModalFunction(_Model):
    name: str
    secret_ids: tuple[str, ...] | None  # None where Modal did not say


class ModalApp(_Model):
    environment: str
    name: str
    app_id: str
    deployed_by: str | None  # None where Modal did not say; empty where it was never deployed
    functions: tuple[ModalFunction, ...] | None  # None where Modal did not say

    def functions_with(self, secret_ids: Iterable[str]) -> tuple[str, ...]:
        """Names of those that are known to be given one of these Secrets."""
        wanted = set(secret_ids)
        return tuple(one.name for one in self.functions or () if wanted & set(one.secret_ids or ()))

    @property
    def is_told(self) -> bool:
        """Whether it is known of every function which Secrets it is given."""
        return self.functions is not None and all(one.secret_ids is not None for one in self.functions)


class ModalServiceUser(_Model):
    name: str
    created_at: AwareDatetime | None
    roles: dict[str, str]  # environment -> role, where it lets the user do anything


class ProxyToken(_Model):
    token_id: str
    name: str  # empty where nobody gave it one
    created_at: AwareDatetime | None
    created_by: str


class GithubEnvironment(_Model):
    repository: str
    name: str
    protected: bool  # somebody has to approve, or only some branches may


class GithubSecret(_Model):
    """A secret, or a variable: an access key's identifier is often kept as one."""

    repository: str
    holder: Literal["environment", "repository", "organisation"]
    environment: str = ""
    name: str
    variable: bool
    updated_at: AwareDatetime


class Workflow(_Model):
    """A file below .github/workflows of the default branch."""

    repository: str
    file: str
    ref: str
    names: tuple[str, ...]  # of secrets and variables that it names
    any_name: bool  # it takes a name that is computed, or hands all secrets on
    inputs: dict[str, tuple[str, ...]] | None  # of a dispatch, with their choices; None: cannot be dispatched
    deploys: tuple[str, ...]  # files that it gives to `modal deploy`

    def uses(self, names: Iterable[str]) -> bool:
        return bool(set(self.names) & set(names))


class IamKey(_Model):
    access_key_id: str
    active: bool
    created_at: AwareDatetime
    last_used: str  # for people; empty where IAM did not say


class IamUser(_Model):
    name: str
    keys: tuple[IamKey, ...] | None  # None where IAM did not say

    @property
    def active(self) -> tuple[IamKey, ...]:
        return tuple(key for key in self.keys or () if key.active)


class Place(_Model):
    """A secret whose names say that it may hold a credential."""

    family: Family
    service: Literal["modal", "github"]
    holder: Literal["secret", "environment", "repository", "organisation"]
    repository: str = ""
    environment: str = ""
    secret: str = ""  # of Modal
    identifier_key: str  # empty where only the secret is there
    secret_key: str  # empty where only the identifier is there
    since: AwareDatetime | None  # GitHub: last updated; Modal: made

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.identifier_key, self.secret_key)))

    @property
    def label(self) -> str:
        """`Modal Secret prod/my-app-secrets`, `GitHub rentagpu/executor, environment prod`."""
        match self.holder:
            case "secret":
                return f"Modal Secret {self.environment}/{self.secret}"
            case "environment":
                return f"GitHub {self.repository}, environment {self.environment}"
            case "repository":
                return f"GitHub {self.repository}, secrets of the repository"
            case "organisation":
                return f"GitHub {self.repository}, secrets of its organisation"


class Discovered(_Model):
    """All that the services said. What is in no list here may be there all the same, unless `read` has it."""

    modal_environments: tuple[ModalEnvironment, ...] = ()
    modal_secrets: tuple[ModalSecret, ...] = ()
    modal_apps: tuple[ModalApp, ...] = ()
    service_users: tuple[ModalServiceUser, ...] = ()
    proxy_tokens: tuple[ProxyToken, ...] = ()
    github_environments: tuple[GithubEnvironment, ...] = ()
    github_secrets: tuple[GithubSecret, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    iam_users: tuple[IamUser, ...] = ()
    ours: tuple[tuple[str, str], ...] = ()  # ("aws", IAM user), ("modal", service user): the operator's own
    read: frozenset[Scope] = frozenset()
    unread: tuple[str, ...] = ()  # what was not told and why, one a string

    def places(self, pairs: Iterable[tuple[Family, str, str]] = ()) -> tuple[Place, ...]:
        """Every secret that may hold a credential, by its names.

        Args:
            pairs: names that are used beside the usual ones: family, identifier, secret.
        """
        known = _Names(pairs)
        return (*self._in_modal(known), *self._in_github(known))

    def tokens(self) -> tuple[Place, ...]:
        """Every secret that may hold a token of GitHub's, by its name: that is of one piece."""
        known = _Tokens()
        return (*self._in_modal(known), *self._in_github(known))

    def _in_modal(self, known: "_Names | _Tokens") -> Iterator[Place]:
        for secret in self.modal_secrets:
            for family, identifier, value in known.pairs_in(secret.keys):
                yield Place(
                    family=family,
                    service="modal",
                    holder="secret",
                    environment=secret.environment,
                    secret=secret.name,
                    identifier_key=identifier,
                    secret_key=value,
                    since=secret.created_at,
                )

    def _in_github(self, known: "_Names | _Tokens") -> Iterator[Place]:
        holders: dict[
            tuple[str, Literal["environment", "repository", "organisation"], str], list[GithubSecret]
        ]
        holders = {}
        for one in self.github_secrets:
            holders.setdefault((one.repository, one.holder, one.environment), []).append(one)
        for (repository, holder, environment), kept in holders.items():
            for family, identifier, value in known.pairs_in([one.name for one in kept]):
                yield Place(
                    family=family,
                    service="github",
                    holder=holder,
                    repository=repository,
                    environment=environment,
                    identifier_key=identifier,
                    secret_key=value,
                    since=max(one.updated_at for one in kept if one.name in {identifier, value}),
                )


def merged(parts: Iterable[Discovered]) -> Discovered:
    parts = tuple(parts)
    fields: dict[str, object] = {
        name: tuple(item for part in parts for item in getattr(part, name))
        for name in Discovered.model_fields
        if name != "read"
    }
    return Discovered.model_validate({**fields, "read": frozenset[Scope]().union(*(p.read for p in parts))})


def pair_of(name: str) -> tuple[Family, str, str] | None:
    """The identifier's and the secret's name, if it is the name of one: `PROD_AWS_ACCESS_KEY_ID` too."""
    for family, pair in _PAIRS.items():
        for word in pair:
            if re.search(rf"(?:^|_){word}(?:_|$)", name):
                identifier, value = (name.replace(word, other) for other in pair)
                return family, identifier, value
    return None


class _Names:
    def __init__(self, pairs: Iterable[tuple[Family, str, str]]) -> None:
        self._pairs = {name: pair for pair in pairs for name in pair[1:]}

    def pairs_in(self, names: Iterable[str]) -> list[tuple[Family, str, str]]:
        """With an empty name for the half that is not there."""
        there = set(names)
        found = {self._pairs.get(name) or pair_of(name) for name in there}
        return sorted(
            (family, identifier if identifier in there else "", value if value in there else "")
            for family, identifier, value in filter(None, found)
        )


class _Tokens:
    def pairs_in(self, names: Iterable[str]) -> list[tuple[Family, str, str]]:
        return sorted((Family.GITHUB, "", name) for name in names if _TOKEN_OF_GITHUB.search(name))
