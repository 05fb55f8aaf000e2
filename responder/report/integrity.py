"""Whether the journal behind a report is what was written, found out when the report is made."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from responder.journal import Broken
from responder.journal.audit import verify
from responder.journal.checkpoint import folder_of
from responder.journal.note import Verifier
from responder.journal.vouching import in_folder, weigh

__all__ = ["Chain", "Checkpointed", "read_chain"]


@dataclass(frozen=True)
class Checkpointed:
    """The last checkpoint beside the journal. `keys`, public, signed it; empty where none was at hand."""

    size: int  # events that it vouches for
    hash: str  # of the last of them
    file: str
    keys: tuple[Verifier, ...]

    @property
    def signed_by(self) -> str:
        return ", ".join(key.name for key in self.keys)


@dataclass(frozen=True)
class Chain:
    """The whole journal as it verified; `problem` is empty where nothing is wrong with it."""

    events: int
    head: str
    problem: str = ""
    checkpoint: Checkpointed | None = None


def read_chain(path: Path, keys: Collection[Verifier] = ()) -> Chain:
    """Verify the whole journal and the checkpoints beside it, as `respond audit verify` does.

    Args:
        path: of the journal.
        keys: public ones; a checkpoint must be signed by one of them. Without any, no signature is checked.

    Raises:
        RespondError: there is none, or it cannot be read.
    """
    beside = weigh(in_folder(folder_of(path)), keys)
    found = verify(path, (), beside.marks)
    if isinstance(found.chain, Broken):
        return Chain(max(found.chain.seq - 1, 0), "", found.chain.why)
    backdated = (str(found.chain.backdated),) if found.chain.backdated else ()
    checkpoint = None
    if beside.marks:
        last = max(beside.marks, key=lambda mark: mark.size)
        checkpoint = Checkpointed(last.size, last.hash, Path(last.source).name, tuple(keys))
    problem = "; ".join((*beside.wrong, *found.unguarded, *backdated))
    return Chain(found.chain.events, found.chain.head, problem, checkpoint)
