"""What the services themselves say of where credentials are kept: all asked at once, with one deadline."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunningError
from functools import partial
from threading import Thread

from responder import logs
from responder.action import Connections
from responder.errors import RespondError, UnauthenticatedError
from responder.found import Kind
from responder.inventory import Inventory
from responder.places import Discovered, merged
from responder.questions import Questions
from responder.secret import redact

__all__ = ["PATIENCE", "SERVICES", "Survey", "named_in"]

PATIENCE = 30.0  # seconds, where nobody waits for anything else
SERVICES: Mapping[str, str] = {"aws": "AWS", "modal": "Modal", "github": "GitHub"}

_MODAL = {Kind.MODAL_SERVICE_USER, Kind.MODAL_MEMBER_TOKEN, Kind.MODAL_PROXY_TOKEN}
_GRACE = 0.5  # seconds in which what came by the deadline is put together


class Survey:
    """Begins to ask when it is made; changes nothing anywhere.

    Args:
        connections: the operator's.
        repositories: owner/name, of those at GitHub to look at.
        patience: in seconds, for all of it.
        services: which of `SERVICES` are asked.
        needed: which of them are told as unread where we are not signed in to them; others are left out, so
            that somebody without an account there is not told for ever that it could not be read.
        without: Modal apps that are known already, by environment and name: nothing is asked about them.
    """

    def __init__(
        self,
        connections: Connections,
        repositories: Sequence[str],
        *,
        patience: float = PATIENCE,
        services: Sequence[str] = tuple(SERVICES),
        needed: Collection[str] = tuple(SERVICES),
        without: Collection[tuple[str, str]] = (),
    ) -> None:
        asks = {
            "aws": partial(_aws, connections),
            "modal": partial(_modal, connections, without),
            "github": partial(_github, connections, repositories),
        }
        self._asked = [_Asked(name, asks[name], patience, needed=name in needed) for name in services]

    def result(self) -> Discovered:
        """All that was answered by the deadline; what was not is in `unread`."""
        return merged([asked.told() for asked in self._asked])

    @property
    def left_out(self) -> tuple[str, ...]:
        """The services that were not asked, in people's words; known once there is a result."""
        return tuple(asked.service for asked in self._asked if asked.is_left_out)


class _Asked:
    """One service, in a thread that the process does not wait for at its end."""

    def __init__(
        self, name: str, ask: Callable[[Questions], Discovered], patience: float, *, needed: bool
    ) -> None:
        self.service = SERVICES[name]
        self.is_left_out = False
        self._needed = needed
        self._questions = Questions(patience)
        self._future: Future[Discovered] = Future()
        Thread(target=self._answer, args=(ask,), name=f"discover-{name}", daemon=True).start()

    def _answer(self, ask: Callable[[Questions], Discovered]) -> None:
        try:
            self._future.set_result(ask(self._questions))
        except BaseException as error:  # noqa: BLE001  # for whoever asks for the answer
            self._future.set_exception(error)

    def told(self) -> Discovered:
        try:
            found = self._future.result(timeout=self._questions.left + _GRACE)
        except StillRunningError:
            return self._nothing("no answer in time")
        except UnauthenticatedError as error:
            self.is_left_out = not self._needed
            return self._nothing(error.what) if self._needed else Discovered()
        except RespondError as error:
            return self._nothing(error.told)
        except Exception as error:  # noqa: BLE001  # no survey may hold up the response to a leak
            logs.get().error("discover.bug", exc_info=error)
            return self._nothing(f"a mistake of ours: {type(error).__name__}: {error}")
        return found.model_copy(update={"unread": self._questions.unread})

    def _nothing(self, why: str) -> Discovered:
        return Discovered(unread=(f"{self.service}: {redact(why)}",))


def named_in(inventory: Inventory) -> frozenset[str]:
    """The services that an inventory has something of."""
    kinds = {credential.kind for credential in inventory.credentials.values()}
    named = {
        "aws": Kind.AWS_ACCESS_KEY in kinds,
        "modal": bool(inventory.workloads or inventory.modal_secrets or kinds & _MODAL),
        "github": bool(inventory.repositories),
    }
    return frozenset(name for name, is_named in named.items() if is_named)


def _aws(connections: Connections, questions: Questions) -> Discovered:
    from responder.providers.aws.discover import discover  # noqa: PLC0415  # SDKs only when needed

    return discover(connections, questions)


def _modal(
    connections: Connections, without: Collection[tuple[str, str]], questions: Questions
) -> Discovered:
    from responder.providers.modal.discover import discover  # noqa: PLC0415

    return discover(connections, questions, without)


def _github(connections: Connections, repositories: Sequence[str], questions: Questions) -> Discovered:
    from responder.providers.github.discover import discover  # noqa: PLC0415

    return discover(connections, repositories, questions)
