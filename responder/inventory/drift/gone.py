"""What an inventory names and no service has. Said only of what was read to its end."""

from collections.abc import Iterator

from responder.exposure import (
    GithubEnvironmentPlacement,
    GithubPlacement,
    GithubRepositoryPlacement,
    ModalSecretPlacement,
    Workload,
    base_of,
)
from responder.found import Kind
from responder.inventory import Inventory
from responder.inventory.document import Credential
from responder.inventory.drift.line import Drift
from responder.places import Discovered, ModalSecret, Read


def gone(inventory: Inventory, discovered: Discovered) -> Iterator[Drift]:
    there = _There(discovered)
    for credential in inventory.credentials.values():
        yield from there.lacks_owner(credential)
        for place in credential.modal_secrets:
            yield from there.lacks_secret(place)
        for other in credential.github_environments:
            yield from there.lacks_environment_secrets(other)
        for own in credential.github_repositories:
            yield from there.lacks_repository_secrets(own)
    for workload in inventory.workloads:
        yield from there.lacks_app(workload, inventory)
        yield from there.lacks_workflow(workload)
    for guarded in inventory.guarded_environments:
        yield from there.lacks_guarded(guarded, inventory)


def _gone(about: str, what: str, do: str) -> Drift:
    return Drift(side="gone", about=about, what=what, do=do)


class _There:
    def __init__(self, discovered: Discovered) -> None:
        self._all = discovered
        self._environments = {one.name for one in discovered.modal_environments}
        self._service_users = {base_of(one.name) for one in discovered.service_users}
        self._github = {(one.repository, one.name) for one in discovered.github_environments}

    def lacks_owner(self, credential: Credential) -> Iterator[Drift]:
        about = f"credentials.{credential.name}"
        take_out = f"Name the right one in {about}, or take the credential out."
        named = credential.user or credential.service_user
        if credential.is_open:
            what = f"{about}: whose it is has yet to be chosen."
            yield _gone(about, what, f"Put the name in place of `{named}`.")
        elif credential.kind is Kind.AWS_ACCESS_KEY and Read.IAM_USERS in self._all.read:
            user = next((one for one in self._all.iam_users if one.name == named), None)
            if user is None:
                yield _gone(about, f"There is no IAM user {named}.", take_out)
            elif user.keys is not None and not user.active:
                retired = f"Take {about} out if it is retired; else give it a key and put that in its places."
                yield _gone(about, f"{named} has no active access key.", retired)
        elif self._lacks_service_user(credential):
            what = f"There is no Modal service user {named}, nor a successor of it."
            yield _gone(about, what, take_out)
        elif credential.kind is Kind.MODAL_PROXY_TOKEN and Read.PROXY_TOKENS in self._all.read:
            there = {one.token_id for one in self._all.proxy_tokens}
            for identifier in (one for one in credential.identifiers if one not in there):
                yield _gone(about, f"There is no Modal proxy token {identifier}.", take_out)

    def _lacks_service_user(self, credential: Credential) -> bool:
        read = credential.kind is Kind.MODAL_SERVICE_USER and Read.SERVICE_USERS in self._all.read
        return read and credential.service_user not in self._service_users

    def lacks_secret(self, place: ModalSecretPlacement) -> Iterator[Drift]:
        about = f"credentials.{place.credential}.modal_secrets"
        correct = f"Correct {about}, or take the place out."
        if self._lacks_environment(place.environment):
            yield _gone(about, f"There is no Modal environment {place.environment}.", correct)
        elif Read.modal_secrets(place.environment) in self._all.read:
            here = [one for one in self._all.modal_secrets if one.environment == place.environment]
            secret = next((one for one in here if one.name == place.secret), None)
            name = f"{place.environment}/{place.secret}"
            if secret is None:
                yield _gone(about, f"There is no Modal Secret {name}.", correct)
            elif lacking := {place.identifier_key, place.secret_key} - set(secret.keys):
                yield _gone(about, f"Modal Secret {name} has no {_listed(lacking)}.", correct)

    def lacks_environment_secrets(self, place: GithubEnvironmentPlacement) -> Iterator[Drift]:
        about = f"credentials.{place.credential}.github_environments"
        correct = f"Correct {about}, or take the place out."
        where = f"GitHub environment {place.environment} of {place.repository}"
        if Read.github_environments(place.repository) not in self._all.read:
            return
        if (place.repository, place.environment) not in self._github:
            yield _gone(about, f"There is no {where}.", correct)
        else:
            yield from self._lacks_names(about, where, place, "environment")

    def lacks_repository_secrets(self, place: GithubRepositoryPlacement) -> Iterator[Drift]:
        about = f"credentials.{place.credential}.github_repositories"
        yield from self._lacks_names(about, f"GitHub repository {place.repository}", place, "repository")

    def _lacks_names(self, about: str, where: str, place: GithubPlacement, holder: str) -> Iterator[Drift]:
        if Read.github_secrets(place.repository, place.environment) not in self._all.read:
            return
        names = {
            one.name
            for one in self._all.github_secrets
            if (one.holder, one.repository, one.environment) == (holder, place.repository, place.environment)
        }
        if lacking := {place.identifier_key.upper(), place.secret_key.upper()} - names:
            correct = f"Correct {about}, or take the place out."
            yield _gone(about, f"{where} has no {_listed(lacking)}.", correct)

    def lacks_app(self, workload: Workload, inventory: Inventory) -> Iterator[Drift]:
        about = f"workloads.{workload.name}"
        if self._lacks_environment(workload.environment):
            take_out = f"Correct {about}, or take it out."
            yield _gone(about, f"There is no Modal environment {workload.environment}.", take_out)
            return
        if Read.modal_apps(workload.environment) not in self._all.read:
            return
        here = [one for one in self._all.modal_apps if one.environment == workload.environment]
        app = next((one for one in here if one.name == workload.app), None)
        if app is None:
            yield _gone(
                about,
                f"No app {workload.app} is deployed in {workload.environment}.",
                f"Deploy it, or take {about} out.",
            )
            return
        functions = None if app.functions is None else {one.name for one in app.functions}
        if functions is not None and workload.function not in functions:
            what = f"{workload.app} in {workload.environment} has no function {workload.function}."
            yield _gone(about, what, f"Name one of it in {about}.function: {_listed(functions)}.")
        for name in workload.runs_with if app.is_told else ():
            secrets = [p for p in inventory.modal_secrets if p.credential == name]
            ids = [one.secret_id for p in secrets for one in self._all.modal_secrets if _is(one, p, workload)]
            if ids and not app.functions_with(ids):
                what = f"No function of {workload.app} in {workload.environment} is given {name}."
                yield _gone(
                    about, what, f"Take {name} out of {about}.runs_with, or give it to the app again."
                )

    def lacks_workflow(self, workload: Workload) -> Iterator[Drift]:
        workflow = workload.workflow
        if workflow is None or Read.workflows(workflow.repository) not in self._all.read:
            return
        files = {one.file for one in self._all.workflows if one.repository == workflow.repository}
        if workflow.file not in files:
            yield _gone(
                f"workloads.{workload.name}.workflow",
                f"{workflow.repository} has no workflow {workflow.file}.",
                f"Name one of its workflows in workloads.{workload.name}.workflow: {_listed(files)}.",
            )

    def lacks_guarded(self, name: str, inventory: Inventory) -> Iterator[Drift]:
        """Only where every list that could have it was read."""
        lists = {Read.MODAL_ENVIRONMENTS, *map(Read.github_environments, inventory.repositories)}
        there = self._environments | {environment for _, environment in self._github}
        if lists <= self._all.read and name not in there:
            what = f"No environment is called {name}, so to guard it guards nothing."
            yield _gone("guarded_environments", what, f'Take "{name}" out, or name the right one.')

    def _lacks_environment(self, name: str) -> bool:
        return Read.MODAL_ENVIRONMENTS in self._all.read and name not in self._environments


def _is(secret: ModalSecret, place: ModalSecretPlacement, workload: Workload) -> bool:
    here = (place.environment, place.secret)
    return here == (secret.environment, secret.name) and secret.environment == workload.environment


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "there is none"
