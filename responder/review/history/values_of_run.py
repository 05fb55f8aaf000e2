"""What to look for, out of a run: what it is about, as long as it keeps it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from responder.engine import fold
from responder.engine.record import thaw
from responder.engine.run import EXPOSURE_LABEL
from responder.errors import RefusedError
from responder.exposure import Exposure, Leaked, Unidentified
from responder.journal import Journal, Seals
from responder.review.history.forms import Value
from responder.secret import Secret


def run_values(journal: Journal, seals: Seals, run: str) -> tuple[Value, ...]:
    """What a run is about, as long as it keeps it.

    Raises:
        RefusedError: its values were shredded, as at the end of every run.
        UnavailableError, TamperedError: they cannot be opened.
    """
    state = fold(run, journal.events(run))
    if state.shredded:
        raise RefusedError(
            f"Run {run} is over: its values are shredded.",
            next_step=f"Give what leaked again: respond scan --run {run} --file FILE, or --paste.",
        )

    def unseal(label: str, sealed: Mapping[str, Any]) -> Secret:
        return seals.open(run, label, sealed)

    exposure = Exposure.model_validate(thaw(state.started["exposure"], unseal, EXPOSURE_LABEL))
    return tuple(_exposed((*exposure.leaked(), *exposure.unidentified)))


def _exposed(leaked: Iterable[Leaked | Unidentified]) -> Iterator[Value]:
    for one in leaked:
        if one.secret:
            yield Value(f"secret of {one.identifier}", one.secret)
        if not one.identifier.startswith("sha256:"):  # of what has no public part
            yield Value(one.identifier, one.identifier)
