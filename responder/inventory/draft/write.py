"""The draft as a file: TOML with a comment at each thing that was guessed, and at each that is asked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from responder.found import Kind
from responder.inventory.draft.credentials import can_be_filled
from responder.inventory.draft.guess import Guess, GuessedCredential, GuessedWorkload
from responder.places import Discovered, Place

_MAX_AGE = "90d"
_PRODUCTION = {"prod", "production", "live"}
_HEAD = (
    "It holds no secret and may be committed. `respond inventory check` tells where it is wrong.",
    "CHOOSE: only you know; put the answer in its place.  GUESS: read it, and correct it if it is wrong.",
)
_AUDIT = (
    "CHOOSE: where a signed checkpoint of the journal goes at the end of each run, if anywhere.",
    "[audit]",
    's3_bucket = "..."  # with Object Lock, best in another account',
    "github_issue = 1",
)


def written(
    discovered: Discovered,
    repository: str,
    today: str,
    credentials: Sequence[GuessedCredential],
    workloads: Sequence[GuessedWorkload],
) -> str:
    import tomlkit  # noqa: PLC0415  # for this command alone

    document = tomlkit.document()
    _comments(document, (f"The inventory of `respond`, drafted {today} from what the services say.", *_HEAD))
    _comments(document, (f"NOT READ: {one}" for one in discovered.unread))
    document.add(tomlkit.nl())
    guarded = _array(_guarded(discovered))
    guarded.comment("GUESS: protected at GitHub, restricted at Modal, or by their name")
    document.add("guarded_environments", guarded)
    if repository:
        document.add("github", _table({"repository": repository}))
    document.add(tomlkit.nl())
    _comments(document, _AUDIT)
    _comments(document, _not_taken_in(discovered))
    document.add(tomlkit.nl())
    tables = tomlkit.table(is_super_table=True)
    for credential in credentials:
        tables.add(credential.name, _credential(credential, repository))
    document.add("credentials", tables)
    more = tomlkit.table(is_super_table=True)
    for workload in workloads:
        more.add(workload.name, _workload(workload, repository))
    document.add("workloads", more)
    return tomlkit.dumps(document)


def _guarded(discovered: Discovered) -> list[str]:
    github = {one.name: one.protected for one in discovered.github_environments}
    modal = {one.name: one.restricted for one in discovered.modal_environments}
    names = {name for name, so in (*github.items(), *modal.items()) if so or name.lower() in _PRODUCTION}
    return sorted(names) or ["prod"]


def _not_taken_in(discovered: Discovered) -> Iterable[str]:
    """What is there and no table below has."""
    for place in discovered.places():
        if not can_be_filled(place):
            lacks = "only half of a pair" if len(place.names) == 1 else "no run can fill it"
            yield f"Not taken in: {place.label}, {' and '.join(place.names)}: {lacks}."


def _credential(credential: GuessedCredential, repository: str) -> Any:  # noqa: ANN401  # a table of tomlkit
    import tomlkit  # noqa: PLC0415

    table = _table({"kind": credential.kind.value})
    _comments(table, credential.notes)
    if credential.owner.is_open:
        _comments(
            table, ("CHOOSE: no service shows what a secret holds. It is one of", *credential.candidates)
        )
    if credential.kind is Kind.MODAL_PROXY_TOKEN:
        table.add("identifiers", _array([credential.owner.value]))
        return table
    key = "user" if credential.kind is Kind.AWS_ACCESS_KEY else "service_user"
    table.add(key, _guessed(credential.owner))
    table.add("max_age", tomlkit.string(_MAX_AGE).comment("a proposal"))
    for name, holder in (
        ("modal_secrets", "secret"),
        ("github_environments", "environment"),
        ("github_repositories", "repository"),
    ):
        places = [_place(one, repository) for one in credential.places if one.holder == holder]
        if places:
            table.add(name, _array_of(places))
    return table


def _place(place: Place, repository: str) -> Any:  # noqa: ANN401
    where = {"secret": place.secret} if place.holder == "secret" else {}
    elsewhere = place.holder != "secret" and place.repository != repository
    return _table(
        {
            **({"repository": place.repository} if elsewhere else {}),
            **({"environment": place.environment} if place.environment else {}),
            **where,
            "identifier_key": place.identifier_key,
            "secret_key": place.secret_key,
        }
    )


def _workload(workload: GuessedWorkload, repository: str) -> Any:  # noqa: ANN401
    import tomlkit  # noqa: PLC0415

    table = _table({"app": workload.app, "environment": workload.environment})
    _comments(table, workload.notes)
    table.add("function", _guessed(workload.function))
    for key, names in (("runs_with", workload.runs_with), ("deployed_with", workload.deployed_with)):
        if names:
            table.add(key, _array(names))
    if workload.source:
        table.add("source", _guessed(workload.source))
    if workflow := workload.workflow:
        elsewhere = {"repository": workflow.repository} if workflow.repository != repository else {}
        inner = _table({**elsewhere, "file": workflow.file, "ref": workflow.ref})
        inner["file"].comment("GUESS: it runs `modal deploy` and can be dispatched")
        if workload.inputs:
            inputs = tomlkit.inline_table()
            inputs.update(workload.inputs)
            inner.add("inputs", inputs)
        table.add("workflow", inner)
    return table


def _table(values: Mapping[str, str]) -> Any:  # noqa: ANN401
    import tomlkit  # noqa: PLC0415

    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, tomlkit.string(value))
    return table


def _array(names: Iterable[str]) -> Any:  # noqa: ANN401
    import tomlkit  # noqa: PLC0415

    array = tomlkit.array()
    array.extend(names)
    return array


def _array_of(tables: Iterable[Any]) -> Any:  # noqa: ANN401
    import tomlkit  # noqa: PLC0415

    array = tomlkit.aot()
    for table in tables:
        array.append(table)
    return array


def _guessed(guess: Guess) -> Any:  # noqa: ANN401
    import tomlkit  # noqa: PLC0415

    value = tomlkit.string(guess.value)
    return value.comment(_line(f"GUESS: {guess.why}")) if guess.why else value


def _comments(container: Any, lines: Iterable[str]) -> None:  # noqa: ANN401
    import tomlkit  # noqa: PLC0415

    for line in lines:
        container.add(tomlkit.comment(_line(line)))


def _line(text: str) -> str:
    """Names that a service gave must not end a comment."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
