"""From what the inventory describes and what the services have: what a setup still has to make."""

import itertools
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from responder.action import Connections
from responder.baseline import (
    AccessKey,
    Baseline,
    IamUser,
    ModalEnvironment,
    ModalSecret,
    Protection,
    ServiceUser,
    Variable,
)
from responder.errors import InputError, NotFoundError, UnavailableError
from responder.exposure import Exposure, Kind, base_of
from responder.inventory import Credential, Inventory
from responder.places import Discovered, Read, Scope, names_a_secret
from responder.secret import Secret

__all__ = ["Asked", "environments_of", "read_values", "wanted"]

SOURCE = "setup"
BUCKET = "S3_BUCKET"  # the variable of an environment's file that names its bucket
APP_NAME = "MODAL_APP_NAME"
BRANCH = "main"
Values: TypeAlias = Mapping[str, Secret | str]  # by variable; the bucket's name alone is no secret


@dataclass(frozen=True)
class Asked:
    """What the command line gives: the values of each environment, and who must approve."""

    values: Mapping[str, Values] = field(default_factory=dict)
    reviewers: tuple[str, ...] = ()


def environments_of(inventory: Inventory) -> tuple[str, ...]:
    """Every environment that the inventory names, sorted."""
    found = {place.environment for place in inventory.modal_secrets}
    found |= {place.environment for place in inventory.github_environments}
    return tuple(sorted(found | {workload.environment for workload in inventory.workloads}))


def read_values(files: Mapping[str, Path]) -> dict[str, Values]:
    """The dotenv file of each environment.

    Raises:
        InputError: one cannot be read, lies in a git repository, or two give one secret the same value.
    """
    values = {environment: _read(path) for environment, path in files.items()}
    for (one, of_one), (other, of_other) in itertools.combinations(values.items(), 2):
        same = [
            name for name, value in of_one.items() if names_a_secret(name) and value == of_other.get(name)
        ]
        if same:
            raise InputError(
                f"{files[one]} and {files[other]} have the same {', '.join(same)}: "
                f"a leak in {one} would open {other}.",
                next_step=f"Give {other} a value of its own.",
            )
    return values


def wanted(
    connections: Connections, inventory: Inventory, discovered: Discovered, asked: Asked, now: datetime
) -> Exposure:
    """What the playbook of a setup is given: only what is lacking.

    Raises:
        UnavailableError: what is there could not be read, so what is lacking is not known.
        InputError: something has to be given for it, or all that is lacking is what a rotation puts there.
        ProviderError: a service refused to say how an environment is protected.
    """
    plan = _Plan(connections, inventory, discovered, asked)
    plan.refuse_what_was_not_read()
    credentials = tuple(one for one in plan.credentials() if not plan.lives(one))
    names = {one.name for one in credentials}
    baseline = Baseline(
        environments=tuple(plan.modal_environments()),
        service_users=tuple(plan.service_users(credentials)),
        iam_users=tuple(plan.iam_users(credentials)),
        access_keys=tuple(
            AccessKey(credential=one.name, user=one.user)
            for one in credentials
            if one.kind is Kind.AWS_ACCESS_KEY
        ),
        secrets=tuple(plan.secrets()),
        protections=tuple(plan.protections()),
        variables=tuple(plan.variables()),
    )
    if baseline.is_met:
        plan.refuse_what_lives_elsewhere()
    return Exposure(
        scheduled=True,
        source=SOURCE,
        seen_at=now,
        known=inventory.names,
        modal_secrets=tuple(place for place in inventory.modal_secrets if place.credential in names),
        github_environments=tuple(
            place for place in inventory.github_environments if place.credential in names
        ),
        baseline=baseline,
    )


@dataclass(frozen=True)
class _Plan:
    connections: Connections
    inventory: Inventory
    discovered: Discovered
    asked: Asked

    def refuse_what_was_not_read(self) -> None:
        """What is not in a list that was cut short may be there all the same."""
        ours = environments_of(self.inventory)
        at_modal = [one.name for one in self.discovered.modal_environments if one.name in ours]
        at_github = [one for one in self.discovered.github_environments if one.name in ours]
        for scope in (
            *(Read.MODAL_ENVIRONMENTS, Read.IAM_USERS, Read.SERVICE_USERS),
            *(Read.modal_secrets(name) for name in at_modal),
            *(Read.github_environments(name) for name in self.inventory.repositories),
            *(Read.github_secrets(one.repository, one.name) for one in at_github),
        ):
            self._must_be_read(scope)
        users = {one.user for one in self.inventory.credentials.values()}
        if any(one.keys is None for one in self.discovered.iam_users if one.name in users):
            self._was_not_read("the access keys")

    def refuse_what_lives_elsewhere(self) -> None:
        """No second one is made of what lives: its secret cannot be read, and a rotation retires the old."""
        for one in self.credentials():
            raise InputError(
                f"{one.name} lives, and not every place that respond.toml names has it.",
                next_step=f"A rotation puts a fresh one into all of them: respond rotate {one.name}",
            )

    def modal_environments(self) -> Iterator[ModalEnvironment]:
        there = {one.name for one in self.discovered.modal_environments}
        guarded = self.inventory.guarded_environments
        for name in environments_of(self.inventory):
            if name not in there:
                yield ModalEnvironment(name=name, restricted=name in guarded)

    def credentials(self) -> Iterator[Credential]:
        """Those of which nothing lives, or a place that should hold one has none."""
        for one in self.inventory.credentials.values():
            if one.kind not in (Kind.AWS_ACCESS_KEY, Kind.MODAL_SERVICE_USER):
                continue
            if not self.lives(one) or not self._is_placed(one):
                yield one

    def lives(self, credential: Credential) -> bool:
        if credential.kind is Kind.MODAL_SERVICE_USER:
            users = self.discovered.service_users
            return any(base_of(user.name) == credential.service_user for user in users)
        return any(user.name == credential.user and user.active for user in self.discovered.iam_users)

    def service_users(self, credentials: Iterable[Credential]) -> Iterator[ServiceUser]:
        for one in credentials:
            if one.kind is Kind.MODAL_SERVICE_USER:
                roles = dict.fromkeys(sorted(self._environments_of(one)), "contributor")
                yield ServiceUser(credential=one.name, base=one.service_user, roles=roles)

    def iam_users(self, credentials: Iterable[Credential]) -> Iterator[IamUser]:
        there = {one.name for one in self.discovered.iam_users}
        for one in credentials:
            if one.kind is Kind.AWS_ACCESS_KEY and one.user not in there:
                buckets = sorted({self._bucket(environment) for environment in self._environments_of(one)})
                yield IamUser(credential=one.name, user=one.user, policy=policy_for(buckets))

    def secrets(self) -> Iterator[ModalSecret]:
        there = {(one.environment, one.name) for one in self.discovered.modal_secrets}
        places = {(place.environment, place.secret) for place in self.inventory.modal_secrets}
        for environment, secret in sorted(places - there):
            placed = {
                name
                for place in self.inventory.modal_secrets
                if (place.environment, place.secret) == (environment, secret)
                for name in (place.identifier_key, place.secret_key)
            }
            given = self._values(environment, f"Secret {secret} of {environment} is still to be made")
            values = {name: value for name, value in given.items() if name not in placed}
            yield ModalSecret(environment=environment, secret=secret, values=values)

    def protections(self) -> Iterator[Protection]:
        for repository, environment in sorted(
            {(place.repository, place.environment) for place in self.inventory.github_environments}
        ):
            guarded = environment in self.inventory.guarded_environments
            reviewed, branches = self._protection(repository, environment)
            reviewers = () if reviewed or not guarded else self.asked.reviewers
            if guarded and not (reviewed or reviewers):
                raise InputError(
                    f"Nobody has to approve what is deployed to {environment} of {repository}.",
                    next_step="Say who must: --reviewer LOGIN (may be repeated).",
                )
            exists = reviewed is not None
            if not exists or reviewers or (guarded and branches is None):
                yield Protection(
                    repository=repository,
                    environment=environment,
                    reviewers=reviewers,
                    branch=BRANCH if guarded else "",
                )

    def variables(self) -> Iterator[Variable]:
        names = {
            (one.repository, one.environment)
            for one in self.discovered.github_secrets
            if one.variable and one.name == APP_NAME
        }
        for workload in self.inventory.workloads:
            if not workload.workflow:
                continue
            repository = workload.workflow.repository
            if (repository, workload.environment) not in names:
                yield Variable(
                    repository=repository,
                    environment=workload.environment,
                    variable=APP_NAME,
                    value=workload.app,
                )

    def _protection(
        self, repository: str, environment: str
    ) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
        """Reviewers, None where there is no such environment; and branches, None where every one may."""
        from responder.providers.github.posture import protection_of  # noqa: PLC0415  # SDKs only when needed

        try:
            found = protection_of(self.connections, repository, environment)
        except NotFoundError:
            return None, None
        return found.reviewers, found.branches

    def _environments_of(self, credential: Credential) -> set[str]:
        found = {place.environment for place in credential.modal_secrets}
        found |= {place.environment for place in credential.github_environments}
        deploys = (w.environment for w in self.inventory.workloads if credential.name in w.deployed_with)
        return found.union(deploys)

    def _is_placed(self, credential: Credential) -> bool:
        held = {(one.environment, one.name): set(one.keys) for one in self.discovered.modal_secrets}
        for place in credential.modal_secrets:
            if not {place.identifier_key, place.secret_key} <= held.get(
                (place.environment, place.secret), set()
            ):
                return False
        kept = {(one.repository, one.environment, one.name) for one in self.discovered.github_secrets}
        return all(
            (place.repository, place.environment, name.upper()) in kept
            for place in credential.github_environments
            for name in (place.identifier_key, place.secret_key)
        )

    def _values(self, environment: str, why: str) -> Values:
        if environment not in self.asked.values:
            raise InputError(
                f"{why}, and no file has its values.",
                next_step=f"--dotenv {environment}=FILE, a file outside the repository.",
            )
        return self.asked.values[environment]

    def _bucket(self, environment: str) -> str:
        given = self._values(environment, f"An IAM user for {environment} is still to be made")
        if BUCKET not in given:
            raise InputError(
                f"The file of {environment} does not say which bucket its IAM user is for.",
                next_step=f"Add a line: {BUCKET}=NAME",
            )
        return str(given[BUCKET])

    def _must_be_read(self, scope: Scope) -> None:
        if scope not in self.discovered.read:
            self._was_not_read(" ".join(scope))

    def _was_not_read(self, what: str) -> None:
        raise UnavailableError(
            f"What is there could not be read: {'; '.join(self.discovered.unread) or what}.",
            next_step="`respond doctor` says what is wrong.",
        )


def policy_for(buckets: Sequence[str]) -> dict[str, Any]:
    """An IAM policy that lets its holder list these buckets, and read and write objects in them."""
    arns = [f"arn:aws:s3:::{name}" for name in buckets]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": arns},
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": [f"{arn}/*" for arn in arns],
            },
        ],
    }


def _read(path: Path) -> Values:
    from dotenv.parser import parse_stream  # noqa: PLC0415  # not where no file is given

    _refuse_in_repository(path)
    try:
        with path.open(encoding="utf-8") as file:
            lines = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} could not be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}.",
            next_step="Name a dotenv file: NAME=value, one a line.",
        ) from None
    # By its number alone: such a line may be part of a value.
    if wrong := [one.original.line for one in lines if one.error or (one.key and one.value is None)]:
        raise InputError(
            f"Line {wrong[0]} of {path} is no NAME=value.",
            next_step="Put a value of several lines in double quotes.",
        )
    found = {one.key: one.value or "" for one in lines if one.key}
    if empty := [name for name, value in found.items() if not value]:
        raise InputError(
            f"{path} has no value for {', '.join(empty)}.", next_step="Give it one, or take the line out."
        )
    return {name: value if name == BUCKET else Secret(value) for name, value in found.items() if value}


def _refuse_in_repository(path: Path) -> None:
    try:
        inside = subprocess.run(
            ["git", "-C", str(path.resolve().parent), "rev-parse", "--show-toplevel"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
    except FileNotFoundError:  # where there is no git, nobody commits
        return
    if inside.returncode == 0:
        raise InputError(
            f"{path} lies in the git repository {inside.stdout.strip()}: from there it leaks.",
            next_step=f"mv {shlex.quote(str(path))} ~/ and name it there.",
        )
