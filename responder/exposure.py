"""What is known of a leak: which credentials, whose they are, whether they live, and what hangs on them.

Providers fill in what they can find out (`identify`); playbooks iterate over it.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from responder.access import Access
from responder.baseline import Baseline
from responder.found import Found, Kind, Life
from responder.secret import Secret
from responder.trace import Trace

_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")
_SUCCESSOR: Final = "--"
# Our own form alone, the name of a run: somebody's `ci--staging` is no successor of `ci`.
_SUFFIX: Final = re.compile(rf"(?<=.){_SUCCESSOR}[a-km-np-z2-9]{{8}}\Z")


def successor(base: str, run: str) -> str:
    """The name of the service user that takes over from `base` in that run."""
    return f"{base}{_SUCCESSOR}{run}"


def base_of(name: str) -> str:
    """The service user's name without what a rotation appended; as it is where none did."""
    return _SUFFIX.sub("", name)


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class Unidentified(_Model):
    """A credential that was found, and that no provider knows."""

    kind: Kind
    identifier: str
    secret: Secret | None = None
    session_token: Secret | None = None
    life: Life = "unknown"
    note: str = ""

    @classmethod
    def of(cls, found: Found) -> "Unidentified":
        return cls(**vars(found))


class Cut(_Model):
    """A credential that is not whole in what leaked: nothing can be done about it. Without its value."""

    kind: Kind
    where: str  # "prod.env, line 3"
    what: str  # one phrase: "an AWS access key id of 16 characters, which should have 20"


class Leaked(_Model):
    """A credential that is exposed, with what its provider says of it.

    `credential` is its name in the inventory; the identifier stands in for it when the inventory has none.
    """

    credential: str
    known: bool  # to the inventory: only then is there anything to rotate
    spare: bool = False  # another one of the same credential is exposed too, and that one is replaced
    overlap: int = 0  # seconds that it lives on beside the fresh one, where it is replaced on schedule
    identifier: str
    secret: Secret | None = None
    life: Life = "unknown"
    note: str = ""  # anything that the person should know, one sentence

    @property
    def shown_as(self) -> set[str]:
        """By which it is known in a text: its identifier, and its secret's fingerprint."""
        return {self.identifier} | ({self.secret.fingerprint} if self.secret else set())

    @property
    def label(self) -> str:
        """What tells it from others of its list."""
        return self.identifier if self.spare else self.credential


class LeakedAccessKey(Leaked):
    """An AWS access key.

    `session` was got from the key beforehand, to prove later that sessions are denied: the JSON object with
    AccessKeyId, SecretAccessKey and SessionToken.
    """

    user: str = ""  # empty when IAM could not tell whose it is
    session: Secret | None = None
    session_id: str = ""  # its AccessKeyId
    other_keys: tuple[str, ...] = ()  # further access keys of the same user
    quarantined: bool = False  # AWS has already attached AWSCompromisedKeyQuarantine*


class LeakedSession(Leaked):
    """Temporary credentials of AWS. They die by denial of what they were issued to, or by themselves.

    Exactly one of `user` and `role` is set where it is known what that is. `session` is the whole of it, to
    be tried later: the JSON object with AccessKeyId, SecretAccessKey and SessionToken.
    """

    user: str = ""
    role: str = ""
    session: Secret | None = None


class LeakedServiceUser(Leaked):
    """A Modal service user's token; `roles` are environment -> role, as they were when it was identified."""

    name: str
    base: str  # the name without what rotations appended: ci-prod for ci-prod--3f9a2c7k
    roles: dict[str, str]


class LeakedMemberToken(Leaked):
    owner: str = ""


class LeakedProxyToken(Leaked):
    pass


class LeakedGithubToken(Leaked):
    login: str = ""


class ModalSecretPlacement(_Model):
    """A Modal Secret that holds a credential: which of its keys has the identifier and which the secret."""

    credential: str
    environment: str
    secret: str
    identifier_key: str
    secret_key: str

    @property
    def label(self) -> str:
        return f"{self.environment}/{self.secret}/{self.identifier_key}"


class GithubPlacement(_Model):
    """Secrets at GitHub that hold a credential: of an environment or, without one, the repository's own."""

    credential: str
    repository: str
    environment: str = ""
    identifier_key: str
    secret_key: str

    @property
    def label(self) -> str:
        return "/".join(filter(None, (self.repository, self.environment, self.identifier_key)))


class GithubEnvironmentPlacement(GithubPlacement):
    environment: str


class GithubRepositoryPlacement(GithubPlacement):
    """Every environment of the repository has them, and every branch."""

    environment: Literal[""] = ""


class Workflow(_Model):
    """The repository's own workflow that deploys a workload."""

    repository: str
    file: str
    ref: str = "main"
    inputs: dict[str, str] = {}


class Workload(_Model):
    """A Modal app in an environment: what runs with a credential or is deployed with one."""

    name: str
    app: str
    environment: str
    function: str  # answers with the access key id and the container that it runs in
    runs_with: tuple[str, ...] = ()  # names of credentials
    deployed_with: tuple[str, ...] = ()
    source: str = ""  # the app's file, for deploying from here
    workflow: Workflow | None = None

    @property
    def label(self) -> str:
        return self.name


class Alert(_Model):
    """A secret-scanning alert by which the leak was named.

    `values` are identifiers and fingerprints of what the alert itself shows, not of what stands around it.
    """

    repository: str
    number: str
    values: tuple[str, ...]
    credential: str = ""  # that it is about, where a run can prove that dead; with what it is tried by:
    about: str = ""  # its identifier
    secret: Secret | None = None

    @property
    def label(self) -> str:
        return f"{self.repository}#{self.number}"


class Exposure(_Model):
    """All that a playbook is given of the leak; or, where `scheduled`, of what is only to be replaced."""

    scheduled: bool = False  # nothing leaked: these are due
    source: str  # where the credentials were seen: a file's name, "standard input", "command line"
    seen_at: datetime
    since: AwareDatetime | None = None  # when it was exposed; None where nobody knows
    known: tuple[str, ...] = ()  # every name that the inventory has, whether this leak is about it or not
    access_keys: tuple[LeakedAccessKey, ...] = ()
    sessions: tuple[LeakedSession, ...] = ()
    service_users: tuple[LeakedServiceUser, ...] = ()
    member_tokens: tuple[LeakedMemberToken, ...] = ()
    proxy_tokens: tuple[LeakedProxyToken, ...] = ()
    github_tokens: tuple[LeakedGithubToken, ...] = ()
    unidentified: tuple[Unidentified, ...] = ()
    fragments: tuple[Cut, ...] = ()
    alerts: tuple[Alert, ...] = ()  # to be resolved when what they are about is dead
    modal_secrets: tuple[ModalSecretPlacement, ...] = ()
    github_environments: tuple[GithubPlacement, ...] = ()  # and the repositories' own secrets
    workloads: tuple[Workload, ...] = ()
    traces: tuple[Trace, ...] = ()  # of a review, chosen to be removed
    baseline: Baseline = Baseline()  # what a setup still has to make
    access: Access = Access()  # of a person, beside the credentials

    def leaked(self) -> tuple[Leaked, ...]:
        """Every credential of whatever kind that a provider knows."""
        return (
            *self.access_keys,
            *self.sessions,
            *self.service_users,
            *self.member_tokens,
            *self.proxy_tokens,
            *self.github_tokens,
        )

    def mortal(self) -> Iterator[Leaked]:
        """What a run contains, and can prove dead."""
        yield from (one for one in self.access_keys if one.user)
        yield from (one for one in self.sessions if (one.user or one.role) and one.life != "dead")
        yield from (*self.service_users, *self.member_tokens, *self.proxy_tokens)
        yield from (one for one in self.github_tokens if one.secret)

    def naming(self, alerts: Iterable[Alert]) -> "Exposure":
        """With those of the alerts that are about one credential, which a run can prove dead."""
        found = []
        for alert in alerts:
            about = [one for one in self.mortal() if one.shown_as & {*alert.values}]
            if len(about) == 1:
                (one,) = about
                told = {"credential": one.credential, "about": one.identifier, "secret": one.secret}
                found.append(alert.model_copy(update=told))
        return self.model_copy(update={"alerts": tuple(found)})

    def environments(self) -> set[str]:
        """The environments that something of this is in."""
        return {
            *(place.environment for place in self.modal_secrets),
            *(place.environment for place in self.github_environments if place.environment),
            *(workload.environment for workload in self.workloads),
            *(environment for user in self.service_users for environment in user.roles),
            *(environment.name for environment in self.baseline.environments),
            *(secret.environment for secret in self.baseline.secrets),
            *(one.environment for one in self.baseline.protections),
            *(one.environment for one in self.baseline.variables),
            *(role.environment for role in self.access.roles),
            *(review.environment for review in self.access.reviews),
        }

    @property
    def identifiers(self) -> tuple[str, ...]:
        return tuple(one.identifier for one in self.leaked())

    @property
    def modal_names(self) -> tuple[str, ...]:
        """The service users and members whose Modal tokens leaked, as Modal shows what they do."""
        owners = (one.owner for one in self.member_tokens)
        return tuple(filter(None, (*(one.name for one in self.service_users), *owners)))

    @property
    def github_logins(self) -> tuple[str, ...]:
        """Whose GitHub tokens leaked."""
        return tuple(one.login for one in self.github_tokens if one.login)

    @property
    def repositories(self) -> tuple[str, ...]:
        """Those that the inventory knows: no other name of it has a slash in its middle."""
        return tuple(one for one in self.known if _REPOSITORY.fullmatch(one))

    @property
    def all_dead(self) -> bool:
        """Nothing of it lives, as far as its providers can tell."""
        lives = [*(one.life for one in self.leaked()), *(one.life for one in self.unidentified)]
        return all(life == "dead" for life in lives)
