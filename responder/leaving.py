"""What one person holds: tokens, keys, roles, a say over deployments. Asked of every service at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from responder.access import Access, IamUser, MemberRole, RepositoryAccess, Review
from responder.action import Connections
from responder.errors import InputError, UnavailableError
from responder.exposure import Exposure, Kind, Leaked, LeakedAccessKey, LeakedMemberToken, base_of
from responder.inventory import Inventory, Person
from responder.questions import Questions

__all__ = ["Held", "device_loss", "held", "offboarding"]

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


def offboarding(connections: Connections, inventory: Inventory, found: Held, now: datetime) -> Exposure:
    """What the playbook `offboard` is given: theirs is taken away, and what they knew of CI's is replaced."""
    from responder.providers.modal.standing import standing  # noqa: PLC0415

    ours = [one for one in inventory.credentials.values() if one.kind is Kind.MODAL_SERVICE_USER]
    users: list[Leaked] = [user for one in ours for user, _ in standing(connections, one.service_user)]
    exposure = inventory.exposure(
        f"the offboarding of {found.person.name}",
        now,
        [*found.member_tokens, *found.access_keys, *users],
    )
    known = {one.service_user for one in ours}
    strange = [name for name in found.service_users if base_of(name) not in known]
    access = Access(
        roles=found.roles,
        reviews=found.at_github.reviews,
        iam_users=found.iam_users,
        repositories=found.at_github.repositories,
        by_hand=(*_hand_over(found, strange), *_filled(_FAREWELL, found.person)),
    )
    return exposure.model_copy(update={"access": access})


def device_loss(inventory: Inventory, found: Held, since: datetime, now: datetime) -> Exposure:
    """What the playbook `device-loss` is given: all that lived on the device is exposed since then."""
    exposure = inventory.exposure(
        f"the lost device of {found.person.name}", now, [*found.member_tokens, *found.access_keys]
    )
    access = Access(iam_users=found.iam_users, by_hand=_filled(_WAY_BACK, found.person))
    return exposure.model_copy(update={"since": since, "access": access})


def _hand_over(found: Held, strange: Sequence[str]) -> list[str]:
    made = f"was made by {found.person.name}"
    return [
        *(
            f"Modal: service user {user} {made}, and respond.toml does not know it: replace or delete it "
            f"(modal workspace service-users delete {user})."
            for user in strange
        ),
        *(
            f"Modal: proxy token {token} {made}: give its callers another one, and delete it "
            f"(modal workspace proxy-tokens delete {token})."
            for token in found.proxy_tokens
        ),
        *(
            f"GitHub: deploy key {number} ({title}) of {repository} was added by {found.person.name}, and "
            f"outlives them: give whatever uses it another one, then: gh repo deploy-key delete {number} "
            f"--repo {repository}"
            for repository, number, title in found.at_github.deploy_keys
        ),
        *(
            f"GitHub: whether {found.person.name} added deploy keys to {repository}, which outlive them, is "
            f"shown to its administrators alone: gh repo deploy-key list --repo {repository}"
            for repository in found.at_github.untold
        ),
    ]


def _filled(text: str, person: Person) -> tuple[str, ...]:
    names = {"name": person.name, "modal": person.modal, "github": person.github or person.name}
    return tuple(" ".join(one.split()).format(**names) for one in text.strip().split("\n\n"))


_FAREWELL: Final = """
Modal: remove {modal} from the workspace, at modal.com, Settings > Members.
Until then they may enter every environment that is not restricted.

GitHub: remove {github} from the organisation, or from every other repository that they collaborate in.
In those that respond.toml names they may do nothing any more, with whichever token or SSH key.

AWS: end the single sign-on of {name} where it is kept, IAM Identity Center or your identity provider, and
the sessions that it gave them.

AWS: an IAM user of theirs is denied everything from now on. Delete it when nobody misses it, with what it
has: password, second factors, certificates, Git credentials.

AWS: roles that {name} assumed before go on for up to twelve hours. Look for AssumeRole of theirs in
CloudTrail, and end them: IAM > Roles > the role > Revoke sessions.

Everything else that {name} could sign in to: mail, chat, the password manager, the domain's registrar.
"""
_WAY_BACK: Final = """
GitHub: {name} signs the device out and revokes its tokens and SSH keys, which no program may do for them:
https://github.com/settings/sessions, /settings/tokens and /settings/keys.

{name} changes the passwords that the device had, beginning with mail and the password manager.

AWS: roles that were assumed from the device go on for up to twelve hours. Look for AssumeRole in CloudTrail,
and end them: IAM > Roles > the role > Revoke sessions.

AWS: where {name} has a console password, an administrator sets another one, and takes the second factors and
the Git credentials that were on the device: IAM > Users > the user > Security credentials. Sessions of single
sign-on are ended where it is kept.

Back in at Modal: {name} types `modal token new` on the new device.

Back in at AWS: {name} signs in by single sign-on, or an administrator makes a fresh key.

Back in at GitHub: {name} types `gh auth login` on the new device.
"""
