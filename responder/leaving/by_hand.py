"""What no program may do for who leaves or has lost a device, one sentence each."""

from collections.abc import Iterator, Sequence
from typing import Final

from responder.inventory import Inventory, Person
from responder.leaving.holdings import Held


def handed_over(found: Held, strange: Sequence[str]) -> list[str]:
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
        *(
            f"AWS: IAM user {user.name} is denied everything from now on. Delete it when nobody misses it, "
            "with what it has: password, second factors, certificates, Git credentials."
            for user in found.iam_users
        ),
    ]


def not_found(found: Held, inventory: Inventory) -> Iterator[str]:
    """Where a wrong name would look like somebody who has nothing."""
    person, again = found.person, f"mend [people.{found.person.name}] in respond.toml, and run this again."
    there = {user.name for user in found.iam_users}
    if gone := [user for user in person.iam_users if user not in there]:
        yield f"AWS: there is no IAM user {' or '.join(gone)}. Where they have one of another name, {again}"
    if not person.iam_users:
        yield f"AWS: respond.toml names no IAM user of {person.name}. Where they have one, {again}"
    if inventory.repositories and not found.at_github.any:
        where = " and ".join(inventory.repositories)
        yield f"GitHub: {person.github} may do nothing in {where}. Where they go by another login, {again}"


def farewell(person: Person) -> tuple[str, ...]:
    return _filled(_FAREWELL, person)


def way_back(found: Held) -> tuple[str, ...]:
    """What still lives first: only the person may end their tokens at GitHub."""
    live = (
        f"GitHub: until {found.person.name} has done so, what was on the device opens {one.repository}. "
        f"Where that takes too long: gh api -X DELETE repos/{one.repository}/collaborators/{one.login}, and "
        f"an invitation afterwards: gh api -X PUT repos/{one.repository}/collaborators/{one.login}"
        for one in found.at_github.repositories
    )
    first, *others = _filled(_WAY_BACK, found.person)
    return (first, *live, *others)


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
