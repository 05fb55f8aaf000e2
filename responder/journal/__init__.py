"""The journal: the append-only, hash-chained record that is a run's state; and what it seals."""

from responder.journal.chain import Broken, Flaw, Verified, verify_chain
from responder.journal.events import Event, EventKind
from responder.journal.holder import Holder
from responder.journal.seal import Seals
from responder.journal.store import Journal, SecondRunError, TakenOverError, Writer

__all__ = [
    "Broken",
    "Event",
    "EventKind",
    "Flaw",
    "Holder",
    "Journal",
    "Seals",
    "SecondRunError",
    "TakenOverError",
    "Verified",
    "Writer",
    "verify_chain",
]
