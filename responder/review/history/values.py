"""What to look for, out of a text in which it leaked."""

from collections.abc import Iterator

from responder.errors import InputError
from responder.found import Kind
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
