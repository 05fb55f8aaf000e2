"""The journal: runs begin, are taken up, and append events; nothing is ever changed."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection
from typing import TYPE_CHECKING, Final, Self

from responder.errors import InputError, RefusedError
from responder.journal.behind import not_behind
from responder.journal.database import Database
from responder.journal.events import COLUMNS, Event, EventKind
from responder.journal.holder import Holder

if TYPE_CHECKING:
    from responder.action import Json

_BATCH: Final = 500
_TERM: Final = (
    f"SELECT {COLUMNS} FROM events WHERE run = ? AND step = '' AND kind IN ('run.started', 'run.resumed') "  # noqa: S608
    "ORDER BY attempt DESC LIMIT 1"
)
# Asked at every event: the one that began a run of hundreds of steps is as long as all of them together.
_NUMBER: Final = (
    "SELECT max(attempt) FROM events WHERE run = ? AND step = '' AND kind IN ('run.started', 'run.resumed')"
)
# Runs that somebody may still act in: started, or being undone, and not over since.
_OPEN: Final = (
    f"SELECT {COLUMNS} FROM events WHERE kind = 'run.started' AND run IN (SELECT run FROM events AS one "  # noqa: S608
    "WHERE kind IN ('run.started', 'run.undoing') AND NOT EXISTS (SELECT 1 FROM events AS end "
    "WHERE end.run = one.run AND end.step = '' AND end.kind = 'run.finished' AND end.seq > one.seq)) "
    "ORDER BY seq"
)
_NOTES: Final = "SELECT max(attempt) FROM events WHERE run = '' AND step = ? AND kind = ?"
_NOTED: Final = f"SELECT {COLUMNS} FROM events WHERE run = '' AND kind = ? ORDER BY seq"  # noqa: S608


def utcnow() -> datetime:
    return datetime.now(UTC)


class TakenOverError(RefusedError):
    """Somebody else took the run up: whoever held it may do nothing more in it."""

    code = "taken-over"


class SecondRunError(RefusedError):
    """Another run that is not over has the same subject; `run` is its name."""

    def __init__(self, run: str) -> None:
        super().__init__(
            f"Run {run} is about the same already, and it is not over.",
            next_step=f"Type `respond show {run}` to see it, `respond resume {run}` to go on.",
        )
        self.run = run


class Journal:
    """The one place where progress is kept. May be used from any thread, and by many processes at once.

    What a method acknowledged is on the disk. A method that raises has written nothing.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock

    @classmethod
    def open(
        cls, path: Path, *, clock: Callable[[], datetime] = utcnow, read_only: bool = False
    ) -> "Journal":
        """Open the journal, or create it with its folders, for this user alone.

        Raises:
            InputError: there is none to read, or the file is something else.
            RefusedError: a newer version of respond wrote it.
            UnavailableError: it cannot be opened, created or written.
            TamperedError: it is damaged.
        """
        return cls(Database.open(path, read_only=read_only), clock)

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @not_behind
    def begin(
        self,
        run: str,
        holder: Holder,
        data: "Mapping[str, Json]",
        *,
        same_subject: "Callable[[Mapping[str, Json]], bool]" = lambda _started: False,
    ) -> "Writer":
        """Start a run; its holder is added to `data` as `holder`.

        Args:
            run: its name.
            holder: who starts it.
            data: of the event.
            same_subject: told what another run that is not over was started with, whether both are about the
                same. It is asked in the transaction that starts this run: of two that start at the same
                instant, one is refused. It must not use the journal.

        Raises:
            SecondRunError: another run is about the same.
            RefusedError: there is a run of this name.
        """
        with self.database.transaction() as connection:
            if latest := _latest_term(connection, run):
                raise RefusedError(
                    f"Run {run} exists since {latest.at:%Y-%m-%d %H:%M:%S} UTC.",
                    next_step=f"Type `respond show {run}` to see it, `respond resume {run}` to go on.",
                )
            for other in map(Event.of, connection.execute(_OPEN).fetchall()):
                if same_subject(other.data):
                    raise SecondRunError(other.run)
            self._add(connection, run, EventKind.RUN_STARTED, 1, {**data, "holder": holder.to_json()})
        return Writer(self, run, 1)

    @not_behind
    def take_up(
        self, run: str, holder: Holder, data: "Mapping[str, Json]", *, replacing: Holder | None = None
    ) -> "Writer":
        """Become the run's writer. Whoever was it before is refused from here on.

        Args:
            run: its name.
            holder: who takes it up; added to `data` as `holder`.
            data: of the event.
            replacing: who was found to hold the run; of two who both found that one dead, only the first
                succeeds.

        Raises:
            InputError: there is no such run.
            TakenOverError: somebody other than `replacing` holds it by now.
        """
        with self.database.transaction() as connection:
            latest = _latest_term(connection, run)
            if latest is None:
                raise _no_such_run(run)
            if replacing is not None and Holder.from_json(latest.data.get("holder")) != replacing:
                raise _taken_over(latest)
            term = latest.attempt + 1
            self._add(connection, run, EventKind.RUN_RESUMED, term, {**data, "holder": holder.to_json()})
        return Writer(self, run, term)

    def holder(self, run: str) -> Holder:
        """Who took the run up last; it may have died since, or finished.

        Raises:
            InputError: there is no such run.
        """
        self.database.catch_up()
        rows = self.database.rows(_TERM, (run,))
        if not rows:
            raise _no_such_run(run)
        return Holder.from_json(Event.of(rows[0]).data.get("holder"))

    def check(self, run: str, term: int) -> None:
        """As `Writer.check`, which is how to call it."""
        self.database.catch_up()
        ((latest,),) = self.database.rows(_NUMBER, (run,))
        if latest is None:
            raise _no_such_run(run)
        if latest != term:
            raise _taken_over(Event.of(self.database.rows(_TERM, (run,))[0]))

    def events(self, run: str | None = None, after: int = 0) -> list[Event]:
        """The events of a run, or all, in order, from the one that follows seq `after`."""
        return list(self.iterate(run, after))

    def iterate(self, run: str | None = None, after: int = 0) -> Iterator[Event]:
        """As `events`, but never more than a few hundred in memory, and new ones join while it is read."""
        ours = "run = ? AND" if run else ""
        query = f"SELECT {COLUMNS} FROM events WHERE {ours} seq > ? ORDER BY seq LIMIT {_BATCH}"  # noqa: S608
        while True:
            rows = self.database.rows(query, (run, after) if run else (after,))
            yield from map(Event.of, rows)
            if len(rows) < _BATCH:
                return
            after = rows[-1][0]

    def runs(self) -> list[str]:
        """The names of all runs, the one that started last first."""
        rows = self.database.rows("SELECT run FROM events WHERE kind = 'run.started' ORDER BY seq DESC")
        return [run for (run,) in rows]

    def open_runs(self) -> list[str]:
        """The names of those that somebody may still act in, the one that started last first."""
        return [run for _, run, *_ in reversed(self.database.rows(_OPEN))]

    @not_behind
    def note(
        self, about: str, data: "Mapping[str, Json]", kind: EventKind = EventKind.CREDENTIAL_SEEN
    ) -> Event:
        """Write down, outside of any run, what a provider said of a credential, or what a search has seen."""
        with self.database.transaction() as connection:
            (last,) = connection.execute(_NOTES, (about, kind.value)).fetchone()
            return self._add(connection, "", kind, (last or 0) + 1, data, about)

    def noted(self, kind: EventKind = EventKind.CREDENTIAL_SEEN) -> list[Event]:
        """All that was written down so, in order."""
        return list(map(Event.of, self.database.rows(_NOTED, (kind.value,))))

    def head(self) -> Event | None:
        """The last event of all; its hash stands for the whole journal."""
        rows = self.database.rows(_HEAD)
        return Event.of(rows[0]) if rows else None

    @not_behind
    def append(
        self,
        run: str,
        term: int,
        kind: EventKind,
        *,
        step: str,
        attempt: int,
        data: "Mapping[str, Json]",
    ) -> Event:
        """As `Writer.append`, which is how to call it."""
        with self.database.transaction() as connection:
            (latest,) = connection.execute(_NUMBER, (run,)).fetchone()
            if latest is None:
                raise _no_such_run(run)
            if latest != term:
                raise _taken_over(Event.of(connection.execute(_TERM, (run,)).fetchone()))
            if connection.execute(
                "SELECT 1 FROM events WHERE run = ? AND step = ? AND attempt = ? AND kind = ?",
                (run, step, attempt, kind.value),
            ).fetchone():
                raise RefusedError(
                    f"Run {run} has {kind.value} of {step or 'the run'} (attempt {attempt}) already.",
                    state="The event that is there stands; nothing was added.",
                    next_step=f"Type `respond show {run}`.",
                )
            return self._add(connection, run, kind, attempt, data, step)

    def _add(
        self,
        connection: Connection,
        run: str,
        kind: EventKind,
        attempt: int,
        data: "Mapping[str, Json]",
        step: str = "",
    ) -> Event:
        last = connection.execute(_HEAD).fetchone()
        head = Event.of(last) if last else None
        event = Event.after(head, run=run, step=step, attempt=attempt, kind=kind, at=self.clock(), data=data)
        connection.execute(f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", event.row())  # noqa: S608
        return event


class Writer:
    """The right to append to a run, until somebody else takes the run up. May be used from any thread."""

    def __init__(self, journal: Journal, run: str, term: int) -> None:
        self._journal = journal
        self.run = run
        self.term = term

    def append(
        self, kind: EventKind, *, step: str = "", attempt: int = 0, data: "Mapping[str, Json] | None" = None
    ) -> Event:
        """Write an event; it is on the disk when this returns. The run's own events get our term as attempt.

        Raises:
            TakenOverError: somebody took over the run.
            RefusedError: the event is there already.
            UnavailableError: the journal is locked, full or not writable; nothing was written.
            RespondError: the data holds a secret in clear, or has no JSON form.
        """
        number = attempt if step else self.term
        return self._journal.append(self.run, self.term, kind, step=step, attempt=number, data=data or {})

    def check(self) -> None:
        """A cheap look, to be taken right before something that cannot be taken back.

        Raises:
            TakenOverError: somebody took over the run.
            UnavailableError: the journal cannot be read.
        """
        self._journal.check(self.run, self.term)


_HEAD: Final = f"SELECT {COLUMNS} FROM events ORDER BY seq DESC LIMIT 1"  # noqa: S608


def _latest_term(connection: Connection, run: str) -> Event | None:
    row = connection.execute(_TERM, (run,)).fetchone()
    return Event.of(row) if row else None


def _no_such_run(run: str) -> InputError:
    return InputError(f"There is no run {run}.", next_step="Type `respond runs` to see which there are.")


def _taken_over(latest: Event) -> TakenOverError:
    holder = Holder.from_json(latest.data.get("holder"))
    return TakenOverError(
        f"Somebody took over this run: {holder}, at {latest.at:%Y-%m-%d %H:%M:%S} UTC.",
        state="What was done here until then is recorded; nothing more will be done here.",
        next_step=f"Type `respond show {latest.run} --follow` to watch, `respond resume {latest.run} "
        "--take-over` to take it back.",
    )
