"""From credentials in a text to an exposure: every provider is asked at once, and none is waited for long."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunningError
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from responder import logs
from responder.action import Connections
from responder.errors import InputError, RefusedError, RespondError, TransientError, UnavailableError
from responder.exposure import Cut, Exposure, Leaked, LeakedAccessKey
from responder.found import Found, Kind
from responder.inventory import Inventory
from responder.questions import aside
from responder.secret import redact

T = TypeVar("T")

PATIENCE = 6.0  # seconds for all providers together
OWN_PATIENCE = 2.0  # seconds to find out what we are signed in with: for most only a look at this machine

_AWS = ("AWS", "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,")
_OWN = {
    Kind.AWS_ACCESS_KEY: _AWS,
    Kind.AWS_SESSION: _AWS,
    Kind.MODAL_TOKEN: ("Modal", "set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET"),
    Kind.GITHUB_TOKEN: ("GitHub", "set GITHUB_TOKEN"),
}


def whoami(connections: Connections) -> dict[str, str]:
    """Who we are for each provider, in its own words; a reason in parentheses where we are nobody."""
    from responder.providers.aws.connection import whoami as aws  # noqa: PLC0415  # SDKs only when needed
    from responder.providers.github.connection import whoami as github  # noqa: PLC0415
    from responder.providers.modal.workspace import whoami as modal  # noqa: PLC0415

    asked = {"aws": aws, "modal": modal, "github": github}
    asking = Asking()
    futures = {name: asking.ask(ask, connections) for name, ask in asked.items()}
    return {name: _answer_or_reason(asking, future) for name, future in futures.items()}


def _answer_or_reason(asking: "Asking", future: "Future[str]") -> str:
    try:
        return asking.answer(future)
    except Exception as error:  # noqa: BLE001  # one provider's trouble must not hold up the others
        return f"({reason(error)})"


def answers(questions: Mapping[str, Callable[[], T]]) -> dict[str, T | str]:
    """All asked at once, by name; the reason, as a text, where there is no answer."""
    asking = Asking()
    futures = {name: asking.ask(question) for name, question in questions.items()}
    found: dict[str, T | str] = {}
    for name, future in futures.items():
        try:
            found[name] = asking.answer(future)
        except Exception as error:  # noqa: BLE001  # one provider's trouble must not hold up the others
            found[name] = reason(error)
    return found


def refuse_own(connections: Connections, found: Sequence[Found]) -> None:
    """Never lock the operator out.

    Raises:
        RefusedError: one of these credentials is what we are signed in with.
    """
    ours = own(connections, found)
    for one in found:
        if one.identifier in ours:
            service, how = _OWN[one.kind]
            raise RefusedError(
                f"{one.identifier} is what `respond` itself is signed in to {service} with: "
                "revoking it would lock you out half way.",
                next_step=f"Sign in as somebody else first: {how} to another administrator's credential "
                "and type the same command again.",
            )


def own(connections: Connections, found: Sequence[Found]) -> set[str]:
    """The identifiers of these that we ourselves are signed in with."""
    from responder.providers.aws.connection import operator_key_id  # noqa: PLC0415
    from responder.providers.github.connection import operator_token_fingerprint  # noqa: PLC0415
    from responder.providers.modal.connection import operator_token_id  # noqa: PLC0415

    ours: dict[Kind, Callable[[Connections], str]] = {
        Kind.AWS_ACCESS_KEY: operator_key_id,
        Kind.AWS_SESSION: operator_key_id,
        Kind.MODAL_TOKEN: operator_token_id,
        Kind.GITHUB_TOKEN: operator_token_fingerprint,
    }
    asking = Asking(OWN_PATIENCE)
    asked = [asking.ask(ours[kind], connections) for kind in {one.kind for one in found} & ours.keys()]
    known = set()
    for future in asked:
        with suppress(
            InputError, UnavailableError, StillRunningError
        ):  # not signed in there: nothing to lose
            known.add(asking.answer(future))
    return known & {one.identifier for one in found}


def identify(
    connections: Connections,
    inventory: Inventory,
    found: Sequence[Found],
    source: str,
    seen_at: datetime,
    *,
    prove_sessions: bool = True,
    lone: Sequence[Found] = (),
    fragments: Sequence[Cut] = (),
) -> Exposure:
    """What the providers and the inventory know of these credentials. Nothing that was found is dropped.

    Args:
        connections: the operator's.
        inventory: may be empty.
        found: what stands in the source.
        source: for people.
        seen_at: UTC.
        prove_sessions: get one short session with each live AWS key, to show later that such are denied.
        lone: whole secrets without their identifiers: nobody can be asked about them.
        fragments: what is not whole; for the record.
    """
    leaked: list[Leaked] = []
    unidentified: list[Found] = []
    asking = Asking()
    asked = [(one, asking.ask(identified, connections, one, prove_sessions)) for one in found]
    for one, future in asked:
        try:
            known = asking.answer(future)
        except Exception as error:  # noqa: BLE001  # one provider's trouble must not hold up the others
            known = _unanswered(one, reason(error))
        if isinstance(known, Found):
            unidentified.append(known)
        else:
            leaked.append(known)
    exposure = inventory.exposure(source, seen_at, leaked, [*unidentified, *lone])
    return exposure.model_copy(update={"fragments": tuple(fragments)})


def _unanswered(one: Found, why: str) -> Leaked | Found:
    """An access key is one whoever's it is; of all else only its provider can say what it is."""
    if one.kind is not Kind.AWS_ACCESS_KEY:
        return replace(one, note=why)
    return LeakedAccessKey(
        credential=one.identifier, known=False, identifier=one.identifier, secret=one.secret, note=why
    )


def reason(error: Exception, patience: float = PATIENCE) -> str:
    """Why there is no answer, for a person."""
    match error:
        case RespondError():
            return redact(error.told)
        case StillRunningError():
            return f"No answer within {patience:.0f} s."
    logs.get().error("identify.bug", exc_info=error)
    return redact(f"A mistake of ours: {type(error).__name__}: {error}")


def identified(connections: Connections, one: Found, prove_sessions: bool) -> Leaked | Found:  # noqa: FBT001
    """Asked again while the service has trouble, as long as there is time."""
    retrying = Retrying(
        retry=retry_if_exception_type(TransientError),
        wait=wait_random_exponential(multiplier=0.25, max=2),
        stop=stop_after_delay(PATIENCE - 2),
        reraise=True,
    )
    known: Leaked | None = retrying(_identify_one, connections, one, prove_sessions)
    return known or _tried(connections, one)


def _tried(connections: Connections, one: Found) -> Found:
    """What no account or workspace of ours has may be dead, or somebody else's."""
    from responder.providers.modal.proof import tried  # noqa: PLC0415

    note = "No workspace or account that we can see has it."
    if one.kind is not Kind.MODAL_TOKEN or one.secret is None:
        return replace(one, note=note)
    trial = tried(connections, one.identifier, one.secret)
    return replace(one, life=trial.life, note=f"{note} {trial.evidence}.")


def _identify_one(connections: Connections, one: Found, prove_sessions: bool) -> Leaked | None:  # noqa: FBT001
    match one.kind:
        case Kind.AWS_ACCESS_KEY:
            from responder.providers.aws.identify import identify as aws  # noqa: PLC0415

            return aws(connections, one, prove_sessions=prove_sessions)
        case Kind.AWS_SESSION:
            from responder.providers.aws.session import identify_session  # noqa: PLC0415

            return identify_session(connections, one)
        case Kind.GITHUB_TOKEN:
            from responder.providers.github.identify import identify as github  # noqa: PLC0415

            return github(connections, one)
    from responder.providers.modal.identify import identify as modal  # noqa: PLC0415

    return modal(connections, one)


class Asking:
    """Questions to several services at once, with one deadline for all answers.

    Args:
        seconds: for all answers together.
    """

    def __init__(self, seconds: float = PATIENCE) -> None:
        self._until = time.monotonic() + seconds

    def ask(self, question: Callable[..., T], *args: object) -> "Future[T]":
        return aside(question, *args)

    def answer(self, future: "Future[T]") -> T:
        return future.result(timeout=max(0.0, self._until - time.monotonic()))
