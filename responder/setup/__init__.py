"""From what the inventory describes and what the services have: what a setup still has to make."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from responder.access import Access
from responder.action import Connections
from responder.baseline import (
    AccessKey,
    Baseline,
    IamUser,
    ModalEnvironment,
    ModalSecret,
    Policy,
    Protection,
    ServiceUser,
    Variable,
)
from responder.errors import InputError, UnavailableError
from responder.exposure import Exposure
from responder.found import Kind
from responder.inventory import Credential, Inventory
from responder.inventory.draft import CHOOSE
from responder.places import Discovered, Read, Scope
from responder.setup.left import left_to_people, users_of
from responder.setup.project import Files, Project, toplevel
from responder.setup.values import BUCKET, Values, read_values

__all__ = ["Asked", "Project", "environments_of", "read_values", "toplevel", "wanted"]

SOURCE = "setup"
APP_NAME = "MODAL_APP_NAME"


@dataclass(frozen=True)
class Asked:
    """What the command line gives: the values of each environment, who must approve, and the project."""

    values: Mapping[str, Values] = field(default_factory=dict)
    reviewers: tuple[str, ...] = ()
    project: Project = field(default_factory=Project)


def environments_of(inventory: Inventory) -> tuple[str, ...]:
    """Every environment that the inventory names, sorted."""
    found = {place.environment for place in inventory.modal_secrets}
    found |= {place.environment for place in inventory.github_environments}
    return tuple(sorted(found | {workload.environment for workload in inventory.workloads}))


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
    plan.refuse_what_is_not_answered()
    plan.refuse_what_was_not_read()
    if asked.project.drafted:
        plan.refuse_to_fill_what_is_filled()
    lacking = tuple(plan.credentials())
    credentials = tuple(one for one in lacking if not plan.lives(one))
    elsewhere = [one.name for one in lacking if plan.lives(one)]
    names = {one.name for one in credentials}
    baseline = Baseline(
        environments=tuple(plan.modal_environments()),
        service_users=tuple(plan.service_users(credentials)),
        iam_users=tuple(plan.iam_users(credentials)),
        policies=tuple(plan.policies(credentials)),
        access_keys=tuple(
            AccessKey(credential=one.name, user=one.user)
            for one in credentials
            if one.kind is Kind.AWS_ACCESS_KEY
        ),
        secrets=tuple(plan.secrets()),
        protections=tuple(plan.protections()),
        variables=tuple(plan.variables()),
        files=plan.files.to_write(),
    )
    if baseline.is_met and elsewhere:
        raise InputError(
            f"{elsewhere[0]} lives, and not every place that respond.toml names has it.",
            next_step=f"A rotation puts a fresh one into all of them: respond rotate {elsewhere[0]}",
        )
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
        access=Access(by_hand=tuple(left_to_people(inventory, discovered, plan.files, elsewhere))),
    )


class _Plan:
    def __init__(
        self, connections: Connections, inventory: Inventory, discovered: Discovered, asked: Asked
    ) -> None:
        self.connections = connections
        self.inventory = inventory
        self.discovered = discovered
        self.asked = asked
        self._default_branch = cache(self._asked_default_branch)

    @cached_property
    def files(self) -> Files:
        return Files(self.connections, self.inventory, self.asked.project, self._default_branch)

    def refuse_what_is_not_answered(self) -> None:
        """A draft asks what no service shows: nothing is to be made by the name of a question."""
        for one in self.inventory.credentials.values():
            if CHOOSE in (one.user + one.service_user):
                raise InputError(
                    f"respond.toml does not say yet whose {one.name} is.",
                    next_step=f"Answer what stands there after {CHOOSE}, or take the table out.",
                )

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

    def refuse_to_fill_what_is_filled(self) -> None:
        """Where no inventory was, nobody has said that what a place holds may be replaced."""
        for one in self.inventory.credentials.values():
            for place in self._filled(one):
                raise InputError(
                    f"{place} already holds a credential, and there is no respond.toml that says which.",
                    next_step="Draft one from what is there: "
                    f"respond inventory discover --repository {self.inventory.repository}",
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
        """No second one is made of what lives: its secret cannot be read, and a rotation retires the old.

        A service user without a role opens nothing: it was left half made, or was frozen.
        """
        if credential.kind is Kind.MODAL_SERVICE_USER:
            return any(user.roles for user in users_of(self.discovered, credential))
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
                yield IamUser(credential=one.name, user=one.user)

    def policies(self, credentials: Iterable[Credential]) -> Iterator[Policy]:
        """Of a user that is still to be made, and of one that is there and may do nothing yet."""
        from responder.providers.aws.users import has_policy  # noqa: PLC0415  # SDKs only when needed

        there = {one.name for one in self.discovered.iam_users}
        for one in credentials:
            if one.kind is not Kind.AWS_ACCESS_KEY:
                continue
            if one.user in there and has_policy(self.connections, one.user):
                continue
            buckets = sorted({self._bucket(environment) for environment in self._environments_of(one)})
            yield Policy(credential=one.name, user=one.user, policy=policy_for(buckets))

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
        """The environments that hold a credential, and those that rotate.yml and check.yml run in."""
        from responder.providers.github.protection import rules_of  # noqa: PLC0415

        places = {(place.repository, place.environment) for place in self.inventory.github_environments}
        own = {(self.inventory.repository, environment) for environment in self.files.environments()}
        for repository, environment in sorted(places | own):
            guarded = environment in self.inventory.guarded_environments
            there = rules_of(self.connections, repository, environment)
            reviewed = there is not None and bool(there.reviewers)
            reviewers = () if reviewed or not guarded else self.asked.reviewers
            if guarded and not (reviewed or reviewers):
                raise InputError(
                    f"Nobody has to approve what is deployed to {environment} of {repository}.",
                    next_step="Say who must: --reviewer LOGIN (may be repeated).",
                )
            narrowed = guarded or (repository, environment) in own
            if there is None or reviewers or (narrowed and not there.narrowed):
                yield Protection(
                    repository=repository,
                    environment=environment,
                    reviewers=reviewers,
                    branch=self._branch_for(repository, environment) if narrowed else "",
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

    def _branch_for(self, repository: str, environment: str) -> str:
        """The default branch.

        Raises:
            InputError: the environment is deployed from another, which could then deploy no more.
        """
        branch = self._default_branch(repository)
        for workload in self.inventory.workloads:
            flow = workload.workflow
            here = flow and (flow.repository, workload.environment) == (repository, environment)
            if flow and here and flow.ref != branch:
                raise InputError(
                    f"respond.toml deploys {environment} from {flow.ref}, and the default branch of "
                    f"{repository} is {branch}, which alone shall deploy there.",
                    next_step=f'Say ref = "{branch}" in respond.toml, or make {flow.ref} the default branch.',
                )
        return branch

    def _asked_default_branch(self, repository: str) -> str:
        from responder.providers.github.branches import default_branch  # noqa: PLC0415

        return default_branch(self.connections, repository)

    def _environments_of(self, credential: Credential) -> set[str]:
        found = {place.environment for place in credential.modal_secrets}
        found |= {place.environment for place in credential.github_environments}
        deploys = (w.environment for w in self.inventory.workloads if credential.name in w.deployed_with)
        return found.union(deploys)

    def _is_placed(self, credential: Credential) -> bool:
        places = len(credential.modal_secrets) + len(credential.github_environments)
        return len(list(self._filled(credential))) == places

    def _filled(self, credential: Credential) -> Iterator[str]:
        """Its places that hold something by the names it is kept under."""
        held = {(one.environment, one.name): set(one.keys) for one in self.discovered.modal_secrets}
        for place in credential.modal_secrets:
            keys = held.get((place.environment, place.secret), set())
            if {place.identifier_key, place.secret_key} <= keys:
                yield f"Modal Secret {place.label}"
        kept = {(one.repository, one.environment, one.name) for one in self.discovered.github_secrets}
        for at in credential.github_environments:
            names = {at.identifier_key.upper(), at.secret_key.upper()}
            if all((at.repository, at.environment, name) in kept for name in names):
                yield f"GitHub environment {at.label}"

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
