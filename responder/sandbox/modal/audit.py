"""The workspace's audit log, which only the Enterprise plan has.

The actions, and that container activity and the making of tokens and service users are not among them:
https://modal.com/docs/guide/audit-logs
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from grpclib.exceptions import GRPCError
from modal_proto import api_pb2

from responder.sandbox.modal.identity import Caller, denied
from responder.sandbox.modal.server import Rpc
from responder.sandbox.modal.state import Member, ServiceUser, State, fresh_id, invalid

Request: TypeAlias = Any  # a message of modal_proto, untyped
PAGE = 100  # entries
_CREATING = (
    api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS,
)


class AuditRpcs:
    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state

    def AuditLogSettingsGet(
        self, _request: api_pb2.AuditLogSettingsGetRequest, _caller: Caller
    ) -> api_pb2.AuditLogSettingsGetResponse:
        self._log()
        return api_pb2.AuditLogSettingsGetResponse(
            bucket_size=1000,
            page_size=PAGE,
            max_concurrent_requests=4,
            max_buffered_buckets=8,
            request_timeout_secs=10,
            plan_timeout_secs=10,
        )

    def AuditLogPlan(
        self, _request: api_pb2.AuditLogBucketsRequest, _caller: Caller
    ) -> api_pb2.AuditLogPlanResponse:
        """No cut points: one bucket is enough for a sandbox."""
        self._log()
        return api_pb2.AuditLogPlanResponse()

    def AuditLogCount(
        self, request: api_pb2.AuditLogCountRequest, _caller: Caller
    ) -> api_pb2.AuditLogCountResponse:
        return api_pb2.AuditLogCountResponse(count=sum(1 for _ in self._within(request)))

    def AuditLogList(
        self, request: api_pb2.AuditLogListRequest, _caller: Caller
    ) -> api_pb2.AuditLogListResponse:
        found = list(self._within(request))
        if request.HasField("newest_cursor"):
            ids = [entry.id for entry in found]
            found = found[ids.index(request.newest_cursor.id) + 1 :]
        limit = request.limit or PAGE
        reply = api_pb2.AuditLogListResponse(items=found[:limit])
        if len(found) > limit:
            reply.next_cursor.id = found[limit - 1].id
        return reply

    def _within(self, request: Request) -> Iterator[api_pb2.AuditLogEntry]:
        """Newest first."""
        if request.q:
            raise invalid("The sandbox's audit log cannot be searched.")
        for entry in reversed(self._log()):
            at = datetime.fromisoformat(entry.event_at).timestamp() * 1000
            if request.oldest_ms <= at and (at < request.newest_ms or not request.newest_ms):
                yield entry

    def _log(self) -> list[api_pb2.AuditLogEntry]:
        log = self._state().audit_log
        if log is None:
            raise denied("Audit logs are available on the Enterprise plan.")
        return log


class Audit:
    """Writes down what the workspace's RPCs did, or refused to do."""

    def __init__(self, state: Callable[[], State], clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock

    def over(self, rpcs: Mapping[str, Rpc]) -> dict[str, Rpc]:
        return {name: self._audited(name, rpc) if name in _ACTIONS else rpc for name, rpc in rpcs.items()}

    def _audited(self, name: str, rpc: Rpc) -> Rpc:
        def answer(request: Request, caller: Caller) -> Any:  # noqa: ANN401  # whatever that RPC answers
            try:
                reply = rpc(request, caller)
            except GRPCError:
                self._write(name, request, None, caller)
                raise
            self._write(name, request, reply, caller)
            return reply

        return answer

    def _write(self, name: str, request: Request, reply: Any, caller: Caller) -> None:  # noqa: ANN401
        state = self._state()
        if state.audit_log is None:
            return
        action, targets = _ACTIONS[name]
        found = [target for target in targets(request, reply) if target.id]
        entry = api_pb2.AuditLogEntry(
            id=fresh_id("al"),
            action=action(request),
            targets=found,
            event_at=datetime.fromtimestamp(self._clock(), UTC).isoformat(),
            status="error" if reply is None else "success",
            metadata_json="{}",
        )
        entry.actor.CopyFrom(_actor(caller.principal))
        entry.context.workspace_id = state.workspace_id
        entry.context.source, entry.context.ip_address = "sdk", "127.0.0.1"
        entry.context.environment_name = _environment(state, request, found)
        state.audit_log.append(entry)


def _actor(principal: Member | ServiceUser) -> api_pb2.AuditLogActor:
    if isinstance(principal, Member):
        who, mail = principal.user_id, principal.email
        return api_pb2.AuditLogActor(type="user", id=who, name=principal.name, email=mail)
    return api_pb2.AuditLogActor(type="service_user", id=principal.service_user_id, name=principal.name)


_Targets: TypeAlias = Callable[[Request, Any], list[api_pb2.AuditLogTarget]]


def _of(kind: str, *fields: str) -> _Targets:
    """What the request names in these fields, and after that the reply."""

    def targets(request: Request, reply: Any) -> list[api_pb2.AuditLogTarget]:  # noqa: ANN401
        told = (getattr(m, f, "") for m, f in itertools.product((request, reply), fields) if m is not None)
        return [api_pb2.AuditLogTarget(type=kind, id=str(one)) for one in told if one]

    return targets


def _always(action: str) -> Callable[[Request], str]:
    return lambda _request: action


def _publish(request: Request) -> str:
    return "app.deploy" if request.app_state == api_pb2.APP_STATE_DEPLOYED else "app.run"


def _secret(request: Request) -> str:
    return "secret.create" if request.object_creation_type in _CREATING else "secret.get"


_ACTIONS: Mapping[str, tuple[Callable[[Request], str], _Targets]] = {
    "AppPublish": (_publish, _of("app", "app_id")),
    "AppRollover": (_always("app.rollover"), _of("app", "app_id")),
    "AppRollback": (_always("app.rollback"), _of("app", "app_id")),
    "AppStop": (_always("app.stop"), _of("app", "app_id")),
    "ContainerStop": (_always("container.stop"), _of("container", "task_id")),
    "EnvironmentCreate": (_always("environment.create"), _of("environment", "name")),
    "EnvironmentDelete": (_always("environment.delete"), _of("environment", "name")),
    "EnvironmentRoleSet": (_always("environment.update_member"), _of("user", "user_id", "service_user_id")),
    "SecretGetOrCreate": (_secret, _of("secret", "secret_id")),
    "SecretUpdate": (_always("secret.create"), _of("secret", "secret_id")),
    "TokenDelete": (_always("token.delete"), _of("token", "token_id")),
}


def _environment(state: State, request: Request, targets: list[api_pb2.AuditLogTarget]) -> str:
    """As far as it is told; empty where it is not."""
    for target in targets:
        if target.id in state.apps:
            return state.apps[target.id].environment
        if target.id in state.secrets:
            return state.secrets[target.id].environment
    if number := getattr(request, "environment_id", ""):
        return next((e.name for e in state.environments.values() if e.environment_id == number), "")
    return str(getattr(request, "environment_name", ""))
