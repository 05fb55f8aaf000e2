"""What commands share: where things are, opened when a command needs them."""

import os
import sys
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from responder.action import Connections
    from responder.engine import Engine, Observer
    from responder.inventory import Inventory
    from responder.journal import Journal


SHARED: Final = "RESPOND_JOURNAL"  # names a journal that machines share, s3://BUCKET/KEY


@dataclass(frozen=True)
class Desk:
    """The global options, and what follows from them."""

    home: str | None
    inventory: str | None
    log_format: Literal["human", "json"]
    verbose: bool
    debug: bool

    @property
    def folder(self) -> Path:
        """Where the journal is: `--home`, RESPOND_HOME, or the user's data folder."""
        if self.home:
            return Path(self.home)
        import platformdirs  # noqa: PLC0415

        return Path(platformdirs.user_data_dir("respond", appauthor=False))

    @property
    def journal_path(self) -> Path:
        """Apart from the seal key, which is in `keys/`: whoever copies the journal's folder takes no key.

        Of a journal that is shared, where `journal_file` puts a copy.
        """
        if url := os.environ.get(SHARED):
            return self.folder / "shared" / quote(url.removeprefix("s3://"), safe="") / "journal.db"
        return self.folder / "journal" / "journal.db"

    def journal(self, *, read_only: bool = False, new: bool = False) -> "Journal":
        """The journal; one that is not there is made only where `new` allows it, and then to be written."""
        from responder.journal import Journal  # noqa: PLC0415

        if url := os.environ.get(SHARED):
            return _shared(url, self.journal_path, read_only=read_only, new=new)
        there = self.journal_path.exists()
        return Journal.open(self.journal_path, read_only=read_only if there else not new)

    def journal_file(self) -> Path:
        """The journal as a file, to be read; of one that is shared, a copy as it is now."""
        if url := os.environ.get(SHARED):
            from responder.journal.shared import copy  # noqa: PLC0415
            from responder.providers.aws.journal_object import JournalObject  # noqa: PLC0415

            with closing(JournalObject.open(url, os.environ)) as remote:
                copy(remote, self.journal_path)
        return self.journal_path

    def try_shared_journal(self) -> None:
        """Whether the one that RESPOND_JOURNAL names could be written; nothing is.

        Raises:
            RespondError: it could not.
        """
        from responder.journal.kept import TAIL  # noqa: PLC0415
        from responder.providers.aws.journal_object import JournalObject  # noqa: PLC0415

        with closing(JournalObject.open(os.environ[SHARED], os.environ)) as remote:
            for one in (remote, remote.beside(TAIL)):
                one.try_to_write()

    def load_inventory(self) -> "Inventory":
        from responder.inventory import Inventory  # noqa: PLC0415

        path = Path(self.inventory) if self.inventory else None
        return Inventory.load(path, os.environ, Path.cwd())

    def start_logging(self) -> None:
        from responder.logs import configure  # noqa: PLC0415

        every_event = self.verbose or self.log_format == "json"
        configure(self.log_format, level="info" if every_event else "warning")

    def tell(self, event: str, text: str, *, warning: bool = False) -> None:
        """Something aside of the results: a line for a person, an event of the log for a machine."""
        from responder import logs  # noqa: PLC0415

        if self.log_format == "human":
            style = "yellow" if warning else "dim"
            consoles()[1].print(text, style=style, soft_wrap=True, markup=False)
        elif warning:
            logs.get().warning(event, why=text)
        else:
            logs.get().info(event, what=text)

    @contextmanager
    def connections(self) -> "Iterator[Connections]":
        from responder.action import Connections  # noqa: PLC0415

        made = Connections(os.environ)
        try:
            yield made
        finally:
            made.close()

    def engine(
        self,
        journal: "Journal",
        connections: "Connections",
        observer: "Observer",
        *,
        key_exists: bool = False,
    ) -> "Engine":
        """With `key_exists`, a seal key that cannot be found is said to be missing, not made anew."""
        from responder import __version__  # noqa: PLC0415
        from responder.action import Actions  # noqa: PLC0415
        from responder.engine import Engine  # noqa: PLC0415
        from responder.journal import Seals  # noqa: PLC0415
        from responder.journal.keys import master_key  # noqa: PLC0415
        from responder.journal.store import utcnow  # noqa: PLC0415

        seals = Seals(journal, master_key(self.folder, os.environ, existing_only=key_exists))
        return Engine(journal, seals, Actions(), connections, utcnow, observer, __version__)


def _shared(url: str, path: Path, *, read_only: bool, new: bool) -> "Journal":
    from responder.journal import Journal  # noqa: PLC0415
    from responder.journal.shared import SharedDatabase  # noqa: PLC0415  # with an SDK, where it is asked for
    from responder.journal.store import utcnow  # noqa: PLC0415
    from responder.providers.aws.journal_object import JournalObject  # noqa: PLC0415

    with ExitStack() as on_failure:
        remote = on_failure.enter_context(closing(JournalObject.open(url, os.environ)))
        database = SharedDatabase(remote, path, read_only=read_only, new=new)
        on_failure.pop_all()
    return Journal(database, utcnow)


def consoles() -> "tuple[Console, Console]":
    """For results (standard output) and for progress (standard error)."""
    from rich.console import Console  # noqa: PLC0415

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            """Rich would end the process as if by a mistake: `main` knows better."""
            raise BrokenPipeError

    return Plain(highlight=False), Plain(stderr=True, highlight=False)


def interactive() -> bool:
    """Is there a person who can be asked?"""
    return sys.stdin.isatty() and sys.stderr.isatty()
