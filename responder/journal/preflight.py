"""Before an incident: whether the journal can be written and verifies, and where its keys are."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from responder.errors import InputError, RespondError
from responder.finding import Finding, failed, ok
from responder.journal.audit import verify
from responder.journal.chain import Broken
from responder.journal.checkpoint import AUDIT_KEY, verifier
from responder.journal.keys import SEAL_KEY, Keeping, NoKeyError, master_key
from responder.journal.store import Journal


def journal(path: Path) -> Iterator[Finding]:
    """Made where there is none. What is written to try it is taken back.

    Raises:
        RespondError: it cannot be opened or written.
    """
    with Journal.open(path) as opened:
        _write_and_take_back(opened)
    yield ok(f"The journal {path} can be written.")
    yield _verified(path)


@dataclass(frozen=True)
class Shared:
    """One that machines share."""

    fetch: Callable[[], Path]  # gives a copy of it
    try_to_write: Callable[[], None]  # raises where it cannot be written, and changes nothing


def shared_journal(shared: Shared) -> Iterator[Finding]:
    """As `journal`. Nothing is made where there is none.

    Raises:
        RespondError: it cannot be read.
    """
    try:
        copy = shared.fetch()
    except InputError:
        yield ok("There is no shared journal yet at the address in RESPOND_JOURNAL; the first run begins it.")
    else:
        yield ok("The shared journal can be read.")
        yield _verified(copy)
    try:
        shared.try_to_write()
    except RespondError as error:  # what was read is told all the same
        yield failed(error.what, error.next_step)
    else:
        yield ok("We may write it, and it refuses a write whose condition does not hold, as it must.")


def _verified(path: Path) -> Finding:
    found = verify(path)
    if isinstance(found.chain, Broken):
        flaw = f"Event {found.chain.seq} of the journal is not what was written: {found.chain.why}."
    elif found.unguarded:
        flaw = f"The database around the journal's events was changed: {'; '.join(found.unguarded)}."
    else:
        events = found.chain.events
        return ok(f"Its {events} events are unbroken." if events else "It has no event yet.")
    return failed(
        flaw,
        "respond audit verify; keep the file as evidence, and begin a new one elsewhere with `--home`.",
    )


def seal_key(folder: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Where it comes from. None is made where there is none: that is for the run that needs one first.

    Args:
        folder: the home, whose `keys/` may hold it.
        environ: may hold it.

    Raises:
        RespondError: it cannot be had.
    """
    try:
        master_key(folder, environ, existing_only=True)
    except NoKeyError:
        yield ok("There is none yet; one is made with the first run.")
        return
    yield ok(f"The seal key comes from {_source(SEAL_KEY, folder, environ)}.")


def audit_key(folder: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    """What checkpoints are signed with, by its public half; arguments as for the seal key. None is made.

    Raises:
        RespondError: it cannot be had, or others may read it.
    """
    found = verifier(folder, environ)
    if found is None:
        yield ok("There is none yet; one is made with the first run. `respond audit key` makes and shows it.")
        return
    source = _source(AUDIT_KEY, folder, environ)
    yield ok(f"The audit key comes from {source}. Its public half, to be noted down elsewhere: {found}")


def _source(key: Keeping, folder: Path, environ: Mapping[str, str]) -> str:
    if environ.get(key.variable):
        return f"the environment, {key.variable}"
    path = key.path(folder)
    return f"the file {path}" if path.exists() else "this machine's keyring"


def _write_and_take_back(opened: Journal) -> None:
    with opened.database.transaction() as connection:
        connection.execute("SAVEPOINT before")
        connection.execute("CREATE TABLE tried_by_doctor (a)")
        connection.execute("ROLLBACK TO before")
