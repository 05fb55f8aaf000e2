"""The control plane as the rest of the sandbox holds it: start, seed, look inside, stop."""

import asyncio
import copy
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from responder.sandbox.faults import Faults
from responder.sandbox.loopback import loopback_socket
from responder.sandbox.modal import environments, workspace
from responder.sandbox.modal.age import backdate
from responder.sandbox.modal.apps import AppRpcs
from responder.sandbox.modal.audit import Audit, AuditRpcs
from responder.sandbox.modal.calls import Calls
from responder.sandbox.modal.environments import EnvironmentRpcs, SecretRpcs
from responder.sandbox.modal.fleet import Fleet
from responder.sandbox.modal.from_containers import FromContainers
from responder.sandbox.modal.functions import FunctionRpcs
from responder.sandbox.modal.identity import authenticate
from responder.sandbox.modal.server import Listener, Service, rpcs_of
from responder.sandbox.modal.state import Member, MemberRole, State, Token, fresh_id, not_found
from responder.sandbox.modal.workspace import WorkspaceRpcs
from responder.sandbox.modal.world import world

T = TypeVar("T")


class ModalPlane:
    """One workspace behind one loopback port. Every method is blocking and may be called from any thread.

    Args:
        workspace: the name that `modal token info` shows.
        clock: Unix seconds; decides every recorded time and every expiry.
        container_env: merged into the environment of every container.
        faults: what goes wrong for clients, not for containers; without it nothing does.
        audit_log: whether the workspace is on the plan that has one.

    Raises (all seeding methods): GRPCError, as the service would answer, for unknown or duplicate names.
    """

    def __init__(
        self,
        *,
        workspace: str = "rentagpu",
        clock: Callable[[], float] = time.time,
        container_env: Mapping[str, str] = {},
        faults: Faults | None = None,
        audit_log: bool = False,
    ) -> None:
        self._clock = clock
        self._faults = faults or Faults()
        self._end_watch: Callable[[], None] = lambda: None
        self._state = State(workspace, fresh_id("ac"), audit_log=[] if audit_log else None)
        self._calls = Calls()
        self._fleet = Fleet(self._current_state, clock, container_env)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: Listener | None = None

    def start(self, port: int = 0) -> str:
        """Serve on 127.0.0.1; gives the value for MODAL_SERVER_URL.

        Raises:
            OSError: the port is taken.
        """
        if self._loop is not None:
            raise RuntimeError("The Modal control plane is already running.")
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="modal-plane", daemon=True)
        thread.start()
        try:
            bound = asyncio.run_coroutine_threadsafe(self._serve(port), loop).result()
        except OSError:
            _close(loop, thread)
            raise
        self._loop, self._thread = loop, thread
        self._end_watch = self._faults.watch(lambda: self._run(self._heed_faults(bound)))
        return f"http://127.0.0.1:{bound}"

    async def _serve(self, port: int) -> int:
        functions = FunctionRpcs(self._current_state, self._fleet, self._calls)
        self._fleet.answer_containers(FromContainers(functions))
        rpcs = rpcs_of(
            WorkspaceRpcs(self._current_state, self._clock),
            EnvironmentRpcs(self._current_state, self._clock),
            SecretRpcs(self._current_state, self._clock),
            AppRpcs(self._current_state, self._clock, self._fleet),
            AuditRpcs(self._current_state),
            functions,
        )
        audited = Audit(self._current_state, self._clock).over(rpcs)
        # grpclib does not say which port 0 became, so the socket is made here.
        sock = loopback_socket(port)
        self._server = Listener(
            Service(audited, lambda metadata: authenticate(self._state, metadata, self._clock), self._faults)
        )
        await self._server.start(sock=sock)
        bound: int = sock.getsockname()[1]
        return bound

    async def _heed_faults(self, port: int) -> None:
        if self._server is None:
            return
        if self._faults.is_down("modal"):
            await self._server.refuse(port)
        else:
            await self._server.accept()

    def stop(self) -> None:
        """Kill the containers and free the port. Nothing happens if it is not running."""
        if self._loop is None or self._thread is None:
            return
        self._end_watch()
        self._run(self._shut_down())
        _close(self._loop, self._thread)
        self._loop = self._thread = self._server = None

    async def _shut_down(self) -> None:
        self._calls.close_all("The control plane stopped.")
        await self._fleet.end()
        if self._server:
            await self._server.end()

    def add_environment(
        self, name: str, *, restricted: bool = False, default_role: str = "contributor"
    ) -> None:
        def add() -> None:
            environments.create_environment(
                self._state, name, self._clock(), restricted=restricted, default_role=default_role
            )

        self._do(add)

    def add_member(self, name: str, email: str, *, role: MemberRole = "user") -> None:
        def add() -> None:
            member = Member(fresh_id("us"), name, email, role, self._clock())
            self._state.members[member.user_id] = member

        self._do(add)

    def add_member_token(self, member: str) -> Token:
        def add() -> Token:
            owner = self._state.member(member)
            token = workspace.issue_token(self._state, "member", owner.user_id, self._clock())
            return Token(token.token_id, token.token_secret)

        return self._do(add)

    def add_service_user(self, name: str, roles: Mapping[str, str], *, created_by: str) -> Token:
        """With a role for each named environment; in all others it has no access."""

        def add() -> Token:
            checked = {
                self._state.environment(e).name: environments.checked_role(r) for e, r in roles.items()
            }
            return workspace.create_service_user(self._state, name, checked, created_by, self._clock())

        return self._do(add)

    def add_secret(self, name: str, environment: str, values: Mapping[str, str], *, created_by: str) -> None:
        def add() -> None:
            where = self._state.environment(environment).name
            environments.create_secret(self._state, name, where, dict(values), created_by, self._clock())

        self._do(add)

    def set_secret_values(self, name: str, environment: str, values: Mapping[str, str]) -> None:
        """Merge, as Secret.update does."""

        def update() -> None:
            secret = self._state.secret_named(name, environment)
            if secret is None:
                raise not_found(f"Secret '{name}'")
            secret.values.update(values)
            secret.updated_at = self._clock()

        self._do(update)

    def backdate(self, age: timedelta) -> None:
        """Have all that there is be older by that, but for what runs."""
        self._do(lambda: backdate(self._state, age.total_seconds()))

    def forget_audit_log(self, *, keep: bool = True) -> None:
        """Empty it; without `keep` the workspace is no longer on the plan that has one."""

        def forget() -> None:
            self._state.audit_log = [] if keep and self._state.audit_log is not None else None

        self._do(forget)

    def world(self) -> dict[str, Any]:
        """The ground truth, secrets in clear. For tests and the sandbox's own endpoint only."""
        return self._do(lambda: world(self._state, self._fleet.containers.values(), self._clock()))

    def snapshot(self) -> object:
        return self._do(lambda: copy.deepcopy(self._state))

    def restore(self, snapshot: object) -> None:
        """Back to a snapshot; containers are killed and calls that are under way end as terminated."""
        if not isinstance(snapshot, State):
            raise TypeError("Not a snapshot of a ModalPlane.")
        state = copy.deepcopy(snapshot)

        async def swap() -> None:
            self._calls.close_all("The sandbox was reset.")
            await self._fleet.stop_all()
            self._fleet.containers.clear()
            self._state = state

        if self._loop is None:
            self._state = state
        else:
            self._run(swap())

    def _current_state(self) -> State:
        return self._state

    def _do(self, action: Callable[[], T]) -> T:
        """On the server's own loop, where nothing else touches the state meanwhile."""
        if self._loop is None:
            return action()

        async def on_loop() -> T:
            return action()

        return self._run(on_loop())

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            raise RuntimeError("The Modal control plane is not running.")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def _close(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
