"""What the services have and an inventory does not: places, apps, users, environments without a guard."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from shlex import quote

from responder.exposure import GithubPlacement, ModalSecretPlacement, Workload, base_of
from responder.found import Kind
from responder.inventory import Inventory
from responder.inventory.drift.line import Drift
from responder.places import Discovered, Family, IamUser, ModalApp, Place, Workflow

_FAMILIES = {
    Kind.AWS_ACCESS_KEY: Family.AWS,
    Kind.MODAL_SERVICE_USER: Family.MODAL,
    Kind.MODAL_MEMBER_TOKEN: Family.MODAL,
}


@dataclass(frozen=True)
class UnknownApp:
    """An app that no workload of the inventory is, and why it counts: what it is given, who deployed it."""

    app: ModalApp
    secrets: tuple[str, ...]  # names of Modal Secrets that hold credentials
    functions: tuple[str, ...]
    deployed_by: str  # a service user of the inventory, or empty


def unknown_places(inventory: Inventory, discovered: Discovered) -> tuple[Place, ...]:
    """Secrets that may hold a credential by their names, and that the inventory places none in."""
    return _unclaimed(_places(inventory, discovered), inventory)


def unknown_tokens(inventory: Inventory, discovered: Discovered) -> tuple[Place, ...]:
    """Secrets that may hold a token of GitHub's by their names, and that the inventory places none in."""
    return _unclaimed(discovered.tokens(), inventory)


def _unclaimed(places: Iterable[Place], inventory: Inventory) -> tuple[Place, ...]:
    claimed = {
        ("modal", "", p.environment, p.secret, key) for p in inventory.modal_secrets for key in _keys(p)
    }
    claimed |= {
        ("environment" if p.environment else "repository", p.repository, p.environment, "", key.upper())
        for p in inventory.at_github
        for key in _keys(p)
    }
    return tuple(place for place in places if not claimed & set(_claims(place)))


def unknown_apps(inventory: Inventory, discovered: Discovered) -> tuple[UnknownApp, ...]:
    """Apps that are given a Secret with a credential in it, or that a known service user deployed."""
    held = _held(inventory, discovered)
    users = {one.service_user for one in inventory.credentials.values() if one.service_user}
    workloads = {(one.app, one.environment) for one in inventory.workloads}
    found = []
    for app in discovered.modal_apps:
        if (app.name, app.environment) in workloads:
            continue
        given = {i: name for i, name in held.items() if app.functions_with([i])}
        by = app.deployed_by if base_of(app.deployed_by or "") in users else ""
        if given or by:
            names = tuple(sorted(given.values()))
            found.append(UnknownApp(app, names, app.functions_with(given), by or ""))
    return tuple(found)


def workflows_of(inventory: Inventory) -> set[tuple[str, str]]:
    """By repository and file."""
    return {(one.workflow.repository, one.workflow.file) for one in inventory.workloads if one.workflow}


def workflows_beside(
    inventory: Inventory, discovered: Discovered, names: Iterable[str]
) -> tuple[Workflow, ...]:
    """Workflows that use secrets of these names, or may use any, and deploy no workload of it."""
    names = set(names)
    known = workflows_of(inventory)
    return tuple(
        one
        for one in discovered.workflows
        if (one.repository, one.file) not in known and (one.any_name or one.uses(names))
    )


def new(inventory: Inventory, discovered: Discovered) -> Iterator[Drift]:
    yield from (_place(place) for place in unknown_places(inventory, discovered))
    yield from (_app(one) for one in unknown_apps(inventory, discovered))
    for workload in inventory.workloads:
        yield from _more_credentials(workload, inventory, discovered)
    yield from _service_users(inventory, discovered)
    yield from _proxy_tokens(inventory, discovered)
    yield from _iam_users(inventory, discovered)
    yield from _unguarded(inventory, discovered)


def _keys(place: ModalSecretPlacement | GithubPlacement) -> tuple[str, str]:
    return place.identifier_key, place.secret_key


def _places(inventory: Inventory, discovered: Discovered) -> tuple[Place, ...]:
    pairs = [
        (_FAMILIES[credential.kind], identifier, secret)
        for credential in inventory.credentials.values()
        if credential.kind in _FAMILIES
        for identifier, secret in (
            *map(_keys, credential.modal_secrets),
            *map(_keys, credential.at_github),
        )
    ]
    return discovered.places(pairs)


def _claims(place: Place) -> Iterator[tuple[str, str, str, str, str]]:
    holder = "modal" if place.holder == "secret" else place.holder
    for name in place.names:
        yield holder, place.repository, place.environment, place.secret, name


def _held(inventory: Inventory, discovered: Discovered) -> dict[str, str]:
    """Id -> name of every Modal Secret that holds a credential or may do so."""
    where = {(place.environment, place.secret) for place in _places(inventory, discovered)}
    where |= {(place.environment, place.secret) for place in inventory.modal_secrets}
    return {
        one.secret_id: one.name for one in discovered.modal_secrets if (one.environment, one.name) in where
    }


def _new(about: str, what: str, do: str) -> Drift:
    return Drift(side="new", about=about, what=what, do=do)


def _place(place: Place) -> Drift:
    since = "" if place.since is None else f", since {place.since:%Y-%m-%d}"
    what = f"{place.label} has {' and '.join(place.names)}{since}."
    match place.holder:
        case "secret":
            do = "Find out which credential it is, and add it to its modal_secrets."
        case "environment":
            do = "Find out which credential it is, and add it to its github_environments."
        case "repository":
            do = "Find out which credential it is, and add it to its github_repositories."
        case _:
            do = "Move it to an environment's secrets: no others can be filled by a run."
    return _new(place.label, what, do)


def _app(unknown: UnknownApp) -> Drift:
    app = unknown.app
    why = [f"is given {', '.join(unknown.secrets)}"] if unknown.secrets else []
    why += [f"was deployed by {unknown.deployed_by}"] if unknown.deployed_by else []
    return _new(
        f"Modal app {app.environment}/{app.name}",
        f"App {app.name} in {app.environment} {' and '.join(why)}, and is no workload.",
        f"Add it to the workloads, or stop it: modal app stop -e {quote(app.environment)} {quote(app.name)}",
    )


def _more_credentials(workload: Workload, inventory: Inventory, discovered: Discovered) -> Iterator[Drift]:
    """A workload that runs with more than the inventory has it run with is not replaced when that changes."""
    here = (workload.app, workload.environment)
    app = next((one for one in discovered.modal_apps if (one.name, one.environment) == here), None)
    if app is None:
        return
    ids = {(one.environment, one.name): one.secret_id for one in discovered.modal_secrets}
    given = {
        place.credential
        for place in inventory.modal_secrets
        if place.environment == workload.environment
        and app.functions_with([ids.get((place.environment, place.secret), "")])
    }
    for name in sorted(given - set(workload.runs_with)):
        what = f"{workload.app} in {workload.environment} runs with {name} too."
        yield _new(f"workloads.{workload.name}", what, f"Add {name} to workloads.{workload.name}.runs_with.")
    for name, credential in inventory.credentials.items():
        deployed = credential.service_user and base_of(app.deployed_by or "") == credential.service_user
        if deployed and name not in workload.deployed_with:
            what = f"{workload.app} in {workload.environment} was deployed by {app.deployed_by}."
            do = f"Add {name} to workloads.{workload.name}.deployed_with."
            yield _new(f"workloads.{workload.name}", what, do)


def _service_users(inventory: Inventory, discovered: Discovered) -> Iterator[Drift]:
    known = {credential.service_user for credential in inventory.credentials.values()}
    for user in discovered.service_users:
        if base_of(user.name) in known or ("modal", user.name) in discovered.ours:
            continue
        roles = ", ".join(f"{role} in {environment}" for environment, role in user.roles.items())
        made = "" if user.created_at is None else f", made {user.created_at:%Y-%m-%d}"
        yield _new(
            f"Modal service user {user.name}",
            f"Modal service user {user.name} ({roles or 'without any role'}{made}) is in no credential.",
            f'Add a credential of kind "modal-service-user" with service_user = "{base_of(user.name)}"; '
            "or, if nobody knows it, delete it.",
        )


def _proxy_tokens(inventory: Inventory, discovered: Discovered) -> Iterator[Drift]:
    known = {identifier for one in inventory.credentials.values() for identifier in one.identifiers}
    for token in discovered.proxy_tokens:
        if token.token_id in known:
            continue
        made = "" if token.created_at is None else f"made {token.created_at:%Y-%m-%d}"
        by = f"by {token.created_by}" if token.created_by else ""
        told = " ".join(filter(None, (made, by)))
        named = f", {token.name}," if token.name else ""
        yield _new(
            f"Modal proxy token {token.token_id}",
            f"Modal proxy token {token.token_id}{named} ({told}) is in no credential.",
            f'Add a credential of kind "modal-proxy-token" with identifiers = ["{token.token_id}"]; or, '
            f"if nobody knows it: modal workspace proxy-tokens delete {quote(token.token_id)}",
        )


def _iam_users(inventory: Inventory, discovered: Discovered) -> Iterator[Drift]:
    known = {credential.user for credential in inventory.credentials.values()}
    for user in discovered.iam_users:
        if ("aws", user.name) in discovered.ours or not user.active:
            continue
        if user.name not in known:
            yield _new(
                f"IAM user {user.name}",
                f"IAM user {user.name} has {_described(user)}, and is in no credential.",
                f'Add a credential of kind "aws-access-key" with user = "{user.name}"; if nobody knows it: '
                f"aws iam update-access-key --user-name {quote(user.name)} "
                f"--access-key-id {user.active[0].access_key_id} --status Inactive",
            )
        elif len(user.active) > 1:
            yield _new(
                f"IAM user {user.name}",
                f"{user.name} has two active keys: {_described(user)}.",
                "If no rotation is under way, deactivate the one that nothing uses: "
                f"aws iam list-access-keys --user-name {quote(user.name)}",
            )


def _described(user: IamUser) -> str:
    return " and ".join(
        f"{key.access_key_id} (made {key.created_at:%Y-%m-%d}, {key.last_used or 'last use unknown'})"
        for key in user.active
    )


def _unguarded(inventory: Inventory, discovered: Discovered) -> Iterator[Drift]:
    restricted = {one.name: "Modal restricts it" for one in discovered.modal_environments if one.restricted}
    protected = {
        one.name: f"{one.repository} protects it" for one in discovered.github_environments if one.protected
    }
    for name, why in sorted((protected | restricted).items()):
        if name not in inventory.guarded_environments:
            what = f"Environment {name} is not guarded here, though {why}."
            yield _new(f"environment {name}", what, f'Add "{name}" to guarded_environments.')
