"""Which credentials exist, where their values are kept, what runs with them: `respond.toml`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict

from responder.errors import UnavailableError
from responder.exposure import (
    Exposure,
    GithubEnvironmentPlacement,
    GithubPlacement,
    Leaked,
    LeakedAccessKey,
    LeakedGithubToken,
    LeakedMemberToken,
    LeakedProxyToken,
    LeakedServiceUser,
    LeakedSession,
    ModalSecretPlacement,
    Unidentified,
    Workload,
)
from responder.found import Found, Kind
from responder.inventory.check import check
from responder.inventory.document import Audit, Credential, Person, parse
from responder.inventory.errors import InventoryError, NoInventoryError, refuse
from responder.inventory.lines import key_lines

__all__ = [
    "EXAMPLE",
    "FILE_NAME",
    "VARIABLE",
    "Audit",
    "Credential",
    "Inventory",
    "InventoryError",
    "NoInventoryError",
    "Person",
]

FILE_NAME = "respond.toml"
VARIABLE = "RESPOND_INVENTORY"
EXAMPLE = Path(__file__).parent.parent / "respond.example.toml"  # annotated; a valid inventory

L = TypeVar("L", bound=Leaked)

_REPLACEABLE = frozenset({Kind.AWS_ACCESS_KEY, Kind.MODAL_SERVICE_USER})  # a run can make a fresh one


class Inventory(BaseModel):
    """The inventory. One that knows nothing is `Inventory()`."""

    model_config = ConfigDict(frozen=True)

    path: Path | None = None
    repository: str = ""  # owner/name, where none is given
    credentials: dict[str, Credential] = {}
    workloads: tuple[Workload, ...] = ()
    people: dict[str, Person] = {}
    guarded_environments: tuple[str, ...] = ("prod",)  # their names must be typed to confirm
    audit: Audit = Audit()  # its github_repository is set wherever its github_issue is

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str], cwd: Path) -> Self:
        """The inventory at `path`, at RESPOND_INVENTORY, in `cwd` or in the user's configuration folder.

        Raises:
            NoInventoryError: there is none in these places.
            InventoryError: it is wrong: where, and what was expected.
            UnavailableError: it may not be read.
        """
        found = _locate(path, environ, cwd)
        try:
            text = found.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise InventoryError(f"{found} is not UTF-8.", next_step="Save it as UTF-8.") from None
        except OSError as error:
            raise UnavailableError(
                f"{found} could not be read: {error.strerror}.", next_step=f"ls -l {found} shows who may."
            ) from None
        return cls.read(found, text)

    @classmethod
    def read(cls, path: Path, text: str) -> Self:
        """What the text of an inventory says that is, or will be, at `path`.

        Raises:
            InventoryError: it is wrong: where, and what was expected.
        """
        document = parse(str(path), text)
        if mistakes := list(check(document)):
            raise refuse(str(path), mistakes, key_lines(text))
        return cls(
            path=path,
            repository=document.github.repository,
            credentials=document.credentials,
            workloads=tuple(document.workloads.values()),
            people=document.people,
            guarded_environments=document.guarded_environments,
            audit=document.audit.in_repository(document.github.repository),
        )

    @property
    def answered(self) -> Self:
        """Without the credentials of which nobody has said yet whose they are."""
        credentials = {name: one for name, one in self.credentials.items() if not one.is_open}
        return self.model_copy(update={"credentials": credentials})

    @property
    def modal_secrets(self) -> tuple[ModalSecretPlacement, ...]:
        return tuple(place for one in self.credentials.values() for place in one.modal_secrets)

    @property
    def github_environments(self) -> tuple[GithubEnvironmentPlacement, ...]:
        return tuple(place for one in self.credentials.values() for place in one.github_environments)

    @property
    def at_github(self) -> tuple[GithubPlacement, ...]:
        """Those of environments, and the repositories' own."""
        return tuple(place for one in self.credentials.values() for place in one.at_github)

    @property
    def repositories(self) -> tuple[str, ...]:
        """At GitHub, of all that is named here."""
        found = {self.repository, *(place.repository for place in self.at_github)}
        found |= {one.workflow.repository for one in self.workloads if one.workflow}
        return tuple(sorted(found - {""}))

    @property
    def names(self) -> tuple[str, ...]:
        """Every user, identifier, app and repository that is named here."""
        found = {self.repository, *(place.repository for place in self.at_github)}
        for credential in self.credentials.values():
            found |= {credential.user or "", credential.service_user or "", *credential.identifiers}
        for workload in self.workloads:
            found |= {workload.app, workload.workflow.repository if workload.workflow else ""}
        return tuple(sorted(found - {""}))

    def match(self, leaked: Leaked) -> str | None:
        """The name of the credential that `leaked` is a value of, or None when the inventory has none.

        Told by what its provider says of it, never by age, order or likeness: an access key by its IAM user,
        a service user's token by the service user, anything else by its identifier.
        """
        for name, credential in self.credentials.items():
            match leaked:
                case LeakedAccessKey(user=user):
                    same = credential.kind is Kind.AWS_ACCESS_KEY and bool(user) and credential.user == user
                case LeakedServiceUser(base=base):
                    same = credential.kind is Kind.MODAL_SERVICE_USER and credential.service_user == base
                case _:
                    same = leaked.identifier in credential.identifiers
            if same:
                return name
        return None

    def exposure(
        self, source: str, seen_at: datetime, leaked: Sequence[Leaked], unidentified: Sequence[Found] = ()
    ) -> Exposure:
        """All that is known of a leak: `leaked` with its names here, and what hangs on those that have one.

        Placements are of credentials that a run can replace; where others are kept stands in their note.

        Args:
            source: where the credentials were seen, for people.
            seen_at: UTC.
            leaked: as the providers identified them; of those with one identifier the first counts.
            unidentified: what no provider knows.
        """
        named: dict[str, Leaked] = {}
        for one in leaked:
            name = self.match(one)
            spare = name is not None and any(other.credential == name for other in named.values())
            update = {"credential": name or one.identifier, "known": name is not None, "spare": spare}
            if name is not None and (by_hand := self._replaced_by_hand(name)):
                update["note"] = f"{one.note} {by_hand}".strip()
            named.setdefault(one.identifier, one.model_copy(update=update))
        known = {one.credential for one in named.values() if one.known}
        replaceable = {name for name in known if self.credentials[name].kind in _REPLACEABLE}

        return Exposure(
            source=source,
            seen_at=seen_at,
            access_keys=_of(LeakedAccessKey, named.values()),
            sessions=_of(LeakedSession, named.values()),
            service_users=_of(LeakedServiceUser, named.values()),
            member_tokens=_of(LeakedMemberToken, named.values()),
            proxy_tokens=_of(LeakedProxyToken, named.values()),
            github_tokens=_of(LeakedGithubToken, named.values()),
            unidentified=tuple(map(Unidentified.of, unidentified)),
            modal_secrets=tuple(place for place in self.modal_secrets if place.credential in replaceable),
            github_environments=tuple(place for place in self.at_github if place.credential in replaceable),
            workloads=tuple(one for one in self.workloads if known & {*one.runs_with, *one.deployed_with}),
            known=self.names,
        )

    def _replaced_by_hand(self, name: str) -> str:
        """Where a person has to put a fresh one; empty where a run does so, or it is kept nowhere."""
        credential = self.credentials[name]
        if credential.kind in _REPLACEABLE:
            return ""
        places = credential.places
        return f"Replace it by hand in {' and '.join(places)}." if places else ""


def _of(kind: type[L], leaked: Iterable[Leaked]) -> tuple[L, ...]:
    return tuple(one for one in leaked if isinstance(one, kind))


def _locate(path: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    if path is not None:
        return _existing(cwd / path, "")
    if named := environ.get(VARIABLE):
        return _existing(cwd / named, f", which {VARIABLE} names")
    places = (cwd / FILE_NAME, user_config_path("respond", appauthor=False) / FILE_NAME)
    for place in places:
        if place.is_file():
            return place
    raise NoInventoryError(
        f"There is no inventory: neither {places[0]} nor {places[1]} exists, and {VARIABLE} is not set.",
        next_step="Draft one from what is there: respond inventory discover. "
        f"Or start from the annotated example: cp {EXAMPLE} {FILE_NAME}",
    )


def _existing(path: Path, by: str) -> Path:
    if not path.is_file():
        raise NoInventoryError(f"There is no file {path}{by}.", next_step="Check its spelling.")
    return path
