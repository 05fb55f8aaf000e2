"""What to look for, out of a text in which it leaked."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from responder.engine import fold
from responder.engine.record import thaw
from responder.engine.run import EXPOSURE_LABEL
from responder.errors import InputError, RefusedError
from responder.exposure import Exposure, Found, Kind, Leaked
from responder.journal import Journal, Seals
from responder.recognise import recognise
from responder.review.history.forms import SHORTEST, Value
from responder.secret import Secret


def recognised_values(text: str, name: str) -> tuple[Value, ...]:
    """Its credentials' secrets, and their public identifiers.

    Args:
        text: full of secrets.
        name: of the text, for people.

    Raises:
        InputError: no credential is in it.
    """
    values = tuple(_recognised(text))
    if not values:
        raise InputError(
            f"No credential was recognised in {name}.",
            next_step="Known: AKIA… with its secret, ak-… with as-…, wk-… with ws-…, GitHub's tokens. For "
            "anything else, put each value on a line of its own and add --literal.",
        )
    return values


def _recognised(text: str) -> Iterator[Value]:
    recognised = recognise(text)
    for one in recognised.found:
        whole = one.kind is Kind.GITHUB_TOKEN  # its identifier is a fingerprint
        if one.secret:
            yield Value(f"{'GitHub token' if whole else 'secret of'} {one.identifier}", one.secret)
        if not whole:
            yield Value(one.identifier, one.identifier)
    for number, fragment in enumerate(recognised.fragments, 1):
        if fragment.secret:
            yield Value(f"{fragment.what} ({number})", fragment.secret)


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


def _exposed(leaked: Iterable[Leaked | Found]) -> Iterator[Value]:
    for one in leaked:
        if one.secret:
            yield Value(f"secret of {one.identifier}", one.secret)
        if not one.identifier.startswith("sha256:"):  # of what has no public part
            yield Value(one.identifier, one.identifier)


def each_line(text: str, name: str) -> tuple[Value, ...]:
    """Every line is a value.

    Raises:
        InputError: one is too short to be told from ordinary words, or there is none.
    """
    lines = {number: line.strip() for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    values = tuple(Value(f"line {number} of {name}", Secret(line)) for number, line in lines.items())
    if not values:
        raise InputError(f"{name} is empty.", next_step="Check what was saved or piped.")
    if short := [value.label for value in values if value.too_short]:
        raise InputError(
            f"{short[0]} has fewer than {SHORTEST} characters: it would be found everywhere.",
            next_step="Leave it out.",
        )
    return values
