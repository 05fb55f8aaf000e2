"""Public identifiers on the command line, and why a secret is never taken from there."""

from responder.errors import InputError, RefusedError
from responder.found import Found
from responder.recognise import Recognised, recognise
from responder.recognise.aws import looks_like_secret
from responder.secret import Secret

FORMS = "AKIA... (an AWS access key id), ak-... (a Modal token's id) or wk-... (a Modal proxy token's id)"


def from_argument(argument: str, number: int) -> Found | None:
    """The credential that an argument names by its public identifier; None where it is something else.

    No message repeats an argument: whatever it is, it may be a secret.

    Args:
        argument: as it was typed.
        number: which one it is, from 1.

    Raises:
        RefusedError: it is a secret.
        InputError: it is an identifier that is not whole.
    """
    value = argument.strip()
    recognised = recognise(value)
    if _holds_secret(value, recognised):
        raise RefusedError(
            f"Argument {number} is a secret, not an identifier. It now stands in your shell's history, "
            "and whoever could list this machine's processes could see it: treat it as leaked from here "
            "too.",
            state="It was not used, and nothing was changed.",
            next_step="Type `respond leak` alone and paste it when asked, which shows it to nobody; "
            "then delete that line from the shell's history (bash: history -d -2).",
        )
    match recognised:
        case Recognised(found=(Found(identifier=identifier) as one,)) if identifier == value:
            return one
        case Recognised(fragments=(fragment, *_)):
            raise InputError(
                f"Argument {number} is {fragment.what}.", next_step="Copy it again, the whole of it."
            )
    return None


def _holds_secret(value: str, recognised: Recognised) -> bool:
    if looks_like_secret(value):
        Secret(value)  # known from here on, so that no log shows it
        return True
    return any(one.secret for one in recognised.found) or any(one.secret for one in recognised.fragments)
