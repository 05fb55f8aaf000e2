"""What one person holds: tokens, keys, roles, a say over deployments. Asked of every service at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from responder.access import IamUser, MemberRole, RepositoryAccess, Review
from responder.action import Connections
from responder.errors import InputError, UnavailableError
from responder.exposure import LeakedAccessKey, LeakedMemberToken
from responder.inventory import Inventory, Person
from responder.questions import Questions

PATIENCE: Final = 30.0  # seconds, for all services together


@dataclass(frozen=True)
class Held:
    """All that was found of a person; what could not be asked is in no list here, and stops the run."""

    person: Person
    member_tokens: tuple[LeakedMemberToken, ...]
    iam_users: tuple[IamUser, ...]
    access_keys: tuple[LeakedAccessKey, ...]
    roles: tuple[MemberRole, ...]
    at_github: "AtGithub"
    service_users: tuple[str, ...]  # that they made
    proxy_tokens: tuple[str, ...]  # that they made

    @property
    def is_nothing(self) -> bool:
        made = self.service_users or self.proxy_tokens
        return not (self.member_tokens or self.iam_users or self.roles or self.at_github.any or made)


@dataclass(frozen=True)
class AtGithub:
    reviews: tuple[Review, ...] = ()
    repositories: tuple[RepositoryAccess, ...] = ()
    deploy_keys: tuple[tuple[str, str, str], ...] = ()  # repository, number, title: that they added
    untold: tuple[str, ...] = ()  # repositories whose deploy keys the operator is not shown

    @property
    def any(self) -> bool:
        return bool(self.reviews or self.repositories or self.deploy_keys)


def held(connections: Connections, inventory: Inventory, person: Person) -> Held:
    """Everything that is found under the person's names.

    Raises:
        UnavailableError: a service did not say, so what they hold is not known.
        InputError: there is nothing under these names anywhere.
    """
    from responder.providers.aws.people import of_user  # noqa: PLC0415  # SDKs only when needed
    from responder.providers.modal.people import of_member  # noqa: PLC0415

    questions = Questions(PATIENCE)
    modal = questions.ask("what they have at Modal", partial(of_member, connections, person.modal))
    users = {
        user: questions.ask(f"the access keys of {user}", partial(of_user, connections, user))
        for user in person.iam_users
    }
    at_github = _at_github(questions, connections, inventory, person.github)
    at_modal = modal.get()
    keys = {user: answer.get() for user, answer in users.items()}
    found_at_github = at_github()
    if questions.unread or at_modal is None:
        raise UnavailableError(
            f"What {person.name} holds is not known: {'; '.join(questions.unread)}.",
            next_step="`respond doctor` says what is wrong.",
        )
    everything = Held(
        person=person,
        member_tokens=at_modal.tokens,
        iam_users=tuple(IamUser(name=user) for user, found in keys.items() if found is not None),
        access_keys=tuple(key for found in keys.values() for key in found or ()),
        roles=at_modal.roles,
        at_github=found_at_github,
        service_users=at_modal.service_users,
        proxy_tokens=at_modal.proxy_tokens,
    )
    if everything.is_nothing:
        raise InputError(
            f"There is nothing of {person.name} at Modal, AWS or GitHub.",
            next_step=f"Say who that is there: [people.{person.name}] in respond.toml.",
        )
    return everything


def _at_github(
    questions: Questions, connections: Connections, inventory: Inventory, login: str
) -> Callable[[], AtGithub]:
    """Asks at once; the answers are there when what is returned is called."""
    from responder.providers.github.people import access_of, deploy_keys_of, reviews_of  # noqa: PLC0415

    if not login:
        return AtGithub
    places = {(place.repository, place.environment) for place in inventory.github_environments}
    reviews = [
        questions.ask(
            f"who approves what is deployed to {environment} of {repository}",
            partial(reviews_of, connections, repository, environment, login),
        )
        for repository, environment in sorted(places)
    ]
    access = [
        questions.ask(f"what they may do in {one}", partial(access_of, connections, one, login))
        for one in inventory.repositories
    ]
    keys = {
        one: questions.ask(f"the deploy keys of {one}", partial(deploy_keys_of, connections, one, login))
        for one in inventory.repositories
    }

    def told() -> AtGithub:
        added = {repository: answer.get() for repository, answer in keys.items()}
        return AtGithub(
            reviews=tuple(one for answer in reviews for one in answer.get() or ()),
            repositories=tuple(one for answer in access for one in answer.get() or ()),
            deploy_keys=tuple(
                (repository, number, title)
                for repository, some in added.items()
                for number, title in some or ()
            ),
            untold=tuple(repository for repository, some in added.items() if some is None),
        )

    return told
