"""The operator's client, with a deadline on every call and our errors in place of modal's."""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Self, TypeVar

from responder.action import Connections
from responder.errors import UnreachableError
from responder.providers.modal.account import Account, configured
from responder.providers.modal.errors import PROVIDER, translated
from responder.secret import Secret

DEADLINE = 8.0  # seconds a call; modal alone gives up on an unreachable server after 57
_CONNECT = 3.0  # seconds for each address of the service, within the deadline

T = TypeVar("T")


class ModalConnection:
    """One token at one server. May be used from any thread.

    Server and token come from the mapping it was made from, never from the process's environment: a test, a
    drill and the operator's own shell cannot be mixed up.
    """

    def __init__(self, account: Account, environ: Mapping[str, str]) -> None:
        import modal  # noqa: PLC0415
        from modal_proto import api_pb2  # noqa: PLC0415

        # At DEBUG it writes every header in clear, the token's secret among them.
        logging.getLogger("hpack").setLevel(logging.INFO)
        # At the process's end both tell of each call that nobody waits for any more, with tracebacks.
        for name in ("asyncio", "synchronicity"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self.account = account
        self.environ = environ
        # `Client.from_credentials` would take the server from the process's environment, and connect at once.
        self.client = modal.Client(
            account.server_url, api_pb2.CLIENT_TYPE_CLIENT, (account.token_id, account.token_secret.reveal())
        )
        self.workspace = modal.Workspace.from_context(client=self.client)
        self._reached = False
        self._open = AsyncExitStack()
        self._is_open = False
        self._opening = asyncio.Lock()

    @classmethod
    def connect(cls, environ: Mapping[str, str]) -> Self:
        """Without a request: a bad token shows at the first call.

        Raises:
            UnauthenticatedError: no token is configured.
            RejectedError: what is configured makes no sense.
        """
        from modal.config import DEFAULT_SERVER_URL  # noqa: PLC0415

        # A throttled call fails at once and says for how long: the wait is the caller's, who has a deadline.
        # modal reads this from the process's environment at each call, and by default waits without bound.
        os.environ["MODAL_MAX_THROTTLE_WAIT"] = "0"
        return cls(configured(environ, DEFAULT_SERVER_URL), environ)

    @contextmanager
    def as_token(self, token_id: str, secret: Secret) -> Iterator["ModalConnection"]:
        """The same server with another token, to try it."""
        other = ModalConnection(Account(self.account.server_url, token_id, secret), self.environ)
        other._reached = self._reached
        try:
            yield other
        finally:
            other.close()

    def run(self, operation: str, ask: Callable[[], Coroutine[Any, Any, T]], deadline: float = DEADLINE) -> T:
        """Run a coroutine of modal's asynchronous API, `deadline` seconds at most with modal's own retries.

        Args:
            operation: what is asked, in Modal's words; for the error.
            ask: makes the coroutine; it is called, and runs, on modal's own event loop.
            deadline: in seconds.

        Raises:
            UnreachableError: no answer within the deadline. The request may have taken effect.
            ProviderError: any other refusal or failure, translated.
        """
        from grpclib.exceptions import ProtocolError, StreamTerminatedError  # noqa: PLC0415
        from modal.exception import Error  # noqa: PLC0415

        async def bounded() -> T:
            async with asyncio.timeout(deadline):
                await self._connected()
                return await ask()

        try:
            answer: T = _synchronizer().create_blocking(bounded)()
        except TimeoutError:
            raise UnreachableError(PROVIDER, operation, f"no answer within {deadline:g} s.") from None
        except (Error, OSError, StreamTerminatedError, ProtocolError) as error:
            raise translated(operation, error) from None
        return answer

    async def rpc(self, name: str, request: object) -> Any:  # noqa: ANN401  # a message of modal_proto, untyped
        """What the package has no public method for; only inside `run`."""

        async def ask(client: Any) -> Any:  # noqa: ANN401  # modal's inner client
            return await getattr(client._stub, name)(request)  # noqa: SLF001

        return await _synchronizer().create_blocking(ask).aio(self.client)

    def hello(self) -> None:
        """Ask the service nothing, as this token.

        Raises:
            UnauthenticatedError: the service refuses the token.
            ProviderError: what the service thinks of the token is not known.
        """
        self.run("ClientHello", self.client.hello.aio)

    async def _connected(self) -> None:
        async with self._opening:
            if self._is_open:
                return
            if not self._reached:
                await _reach(self.account.server_url)
                self._reached = True
            await self._open.enter_async_context(self.client)
            self._is_open = True

    def close(self) -> None:
        async def end() -> None:
            await self._open.aclose()

        _synchronizer().create_blocking(end)()


def operator_token_id(connections: Connections) -> str:
    """The id of the token that we are signed in with; asks the service nothing."""
    return connections.get(ModalConnection).account.token_id


async def _reach(server_url: str) -> None:
    """Connect to the service at one of its addresses, and hang up: modal's client would try for a minute.

    Raises:
        OSError: nobody answers at any of them.
    """
    from modal._utils.grpc_utils import create_channel  # noqa: PLC0415  # it knows about proxies

    failure = OSError("no address")
    for url in server_url.split(","):
        channel = create_channel(url.strip())
        try:
            await asyncio.wait_for(channel.__connect__(), _CONNECT)
        except OSError as error:
            failure = error
        else:
            return
        finally:
            channel.close()
    raise failure


def _synchronizer() -> Any:  # noqa: ANN401  # of a package without types
    from modal._utils.async_utils import synchronizer  # noqa: PLC0415

    return synchronizer
