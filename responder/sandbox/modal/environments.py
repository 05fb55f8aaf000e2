"""Environments, who may do what in them, and the secrets that live in them."""

from collections.abc import Callable

from google.protobuf.empty_pb2 import Empty
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from modal_proto import api_pb2

from responder.sandbox.modal.identity import Caller, denied, effective_role
from responder.sandbox.modal.state import (
    CONTRIBUTOR,
    ENVIRONMENT_ROLES,
    NO_ACCESS,
    VIEWER,
    Environment,
    Secret,
    State,
    already_exists,
    fresh_id,
    invalid,
    not_found,
)
from responder.sandbox.modal.workspace import MEMBER_ROLES, find_service_user

IMAGE_BUILDER_VERSION = "2025.06"  # the client refuses to deploy without one
_CREATE_IF_MISSING = (
    api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS,
)
_ROLE_NUMBERS = {
    CONTRIBUTOR: api_pb2.ENVIRONMENT_ROLE_CONTRIBUTOR,
    VIEWER: api_pb2.ENVIRONMENT_ROLE_VIEWER,
    NO_ACCESS: api_pb2.ENVIRONMENT_ROLE_NO_ACCESS,
}
_ROLE_NAMES = {number: name for name, number in _ROLE_NUMBERS.items()}


def create_environment(
    state: State, name: str, now: float, *, restricted: bool = False, default_role: str = CONTRIBUTOR
) -> Environment:
    """The first environment of a workspace is its default one."""
    if name in state.environments:
        raise already_exists(f"Environment '{name}'")
    environment = Environment(fresh_id("en"), name, now, restricted, checked_role(default_role))
    state.environments[name] = environment
    state.default_environment = state.default_environment or name
    return environment


def create_secret(
    state: State, name: str, environment: str, values: dict[str, str], created_by: str, now: float
) -> Secret:
    secret = Secret(
        secret_id=fresh_id("st"),
        name=name,
        environment=environment,
        values=values,
        created_by=created_by,
        created_at=now,
        updated_at=now,
        updated_by=created_by,
    )
    state.secrets[secret.secret_id] = secret
    return secret


def checked_role(role: str) -> str:
    if role not in ENVIRONMENT_ROLES:
        raise invalid(f"Unknown role '{role}': it is one of {', '.join(ENVIRONMENT_ROLES)}.")
    return role


class EnvironmentRpcs:
    def __init__(self, state: Callable[[], State], clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock

    def EnvironmentCreate(self, request: api_pb2.EnvironmentCreateRequest, caller: Caller) -> Empty:
        caller.require_administrator()
        default = request.default_member_role_str or _ROLE_NAMES.get(request.default_member_role, NO_ACCESS)
        create_environment(
            self._state(), request.name, self._clock(), restricted=request.is_managed, default_role=default
        )
        return Empty()

    def EnvironmentList(self, _request: Empty, caller: Caller) -> api_pb2.EnvironmentListResponse:
        state = self._state()
        return api_pb2.EnvironmentListResponse(
            items=[
                api_pb2.EnvironmentListItem(
                    name=environment.name,
                    created_at=environment.created_at,
                    default=environment.name == state.default_environment,
                    is_managed=environment.restricted,
                    environment_id=environment.environment_id,
                    default_member_role=_ROLE_NUMBERS[environment.default_role],
                    effective_role=_ROLE_NUMBERS[effective_role(caller.principal, environment)],
                    image_builder_version=IMAGE_BUILDER_VERSION,
                )
                for environment in state.environments.values()
            ]
        )

    def EnvironmentGetOrCreate(
        self, request: api_pb2.EnvironmentGetOrCreateRequest, caller: Caller
    ) -> api_pb2.EnvironmentGetOrCreateResponse:
        state, name = self._state(), request.deployment_name
        missing = bool(name) and name not in state.environments
        if missing and request.object_creation_type in _CREATE_IF_MISSING:
            caller.require_administrator()
            create_environment(state, name, self._clock())
        environment = state.environment(name)
        return api_pb2.EnvironmentGetOrCreateResponse(
            environment_id=environment.environment_id,
            metadata=api_pb2.EnvironmentMetadata(
                name=environment.name,
                settings=api_pb2.EnvironmentSettings(image_builder_version=IMAGE_BUILDER_VERSION),
            ),
        )

    def EnvironmentDelete(self, request: api_pb2.EnvironmentDeleteRequest, caller: Caller) -> Empty:
        caller.require_administrator()
        state = self._state()
        environment = state.environment(request.name)
        if any(app.live for app in state.apps.values() if app.environment == environment.name):
            raise GRPCError(Status.FAILED_PRECONDITION, "Stop the environment's apps first.")
        del state.environments[environment.name]
        state.secrets = {k: s for k, s in state.secrets.items() if s.environment != environment.name}
        for user in state.service_users.values():
            user.roles.pop(environment.name, None)
        if state.default_environment == environment.name:
            state.default_environment = next(iter(state.environments), "")
        return Empty()

    def EnvironmentGetRoles(
        self, request: api_pb2.EnvironmentGetRolesRequest, _caller: Caller
    ) -> api_pb2.EnvironmentGetRolesResponse:
        state = self._state()
        environment = state.environment_by_id(request.environment_id)
        members = [
            api_pb2.EnvironmentGetRolesResponse.Principal(
                user_id=member.user_id,
                user_name=member.name,
                email=member.email,
                member_role=MEMBER_ROLES[member.role],
                role_str=effective_role(member, environment),
                role=_ROLE_NUMBERS[effective_role(member, environment)],
                has_role_assignment=member.user_id in environment.member_roles,
            )
            for member in state.members.values()
        ]
        service_users = [
            api_pb2.EnvironmentGetRolesResponse.Principal(
                service_user_id=user.service_user_id,
                service_user_name=user.name,
                role_str=effective_role(user, environment),
                role=_ROLE_NUMBERS[effective_role(user, environment)],
                has_role_assignment=environment.name in user.roles,
            )
            for user in state.service_users.values()
        ]
        return api_pb2.EnvironmentGetRolesResponse(
            name=environment.name, created_at=environment.created_at, principal_roles=members + service_users
        )

    def EnvironmentRoleSet(self, request: api_pb2.EnvironmentRoleSetRequest, caller: Caller) -> Empty:
        caller.require_administrator()
        state = self._state()
        environment = (
            state.environment_by_id(request.environment_id)
            if request.environment_id
            else state.environment(request.environment_name)
        )
        role = checked_role(request.role_str or _ROLE_NAMES.get(request.role, ""))
        if request.user_id:
            if request.user_id not in state.members:
                raise not_found(f"Member '{request.user_id}'")
            if not environment.restricted:
                raise invalid("Members are given roles only in restricted environments.")
            environment.member_roles[request.user_id] = role
        else:
            user = find_service_user(state, request.service_user_name, request.service_user_id)
            user.roles[environment.name] = role
        return Empty()


class SecretRpcs:
    def __init__(self, state: Callable[[], State], clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock

    def SecretGetOrCreate(
        self, request: api_pb2.SecretGetOrCreateRequest, caller: Caller
    ) -> api_pb2.SecretGetOrCreateResponse:
        state = self._state()
        environment = state.environment(request.environment_name)
        creates = request.object_creation_type != api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED
        if creates:
            caller.require_write(environment)
        else:
            caller.require_read(environment)
        secret = self._existing(request, environment, caller)
        if secret is None and creates:
            values = dict(request.env_dict)
            secret = create_secret(
                state, request.deployment_name, environment.name, values, caller.name, self._clock()
            )
        if secret is None:
            raise not_found(f"Secret '{request.deployment_name}'")
        missing = sorted(set(request.required_keys) - set(secret.values))
        if missing:
            raise GRPCError(Status.FAILED_PRECONDITION, f"Secret is missing key(s): {', '.join(missing)}")
        return api_pb2.SecretGetOrCreateResponse(secret_id=secret.secret_id, metadata=_metadata(secret))

    def _existing(
        self, request: api_pb2.SecretGetOrCreateRequest, environment: Environment, caller: Caller
    ) -> Secret | None:
        # A secret without a name belongs to the app that is being deployed: there is never one already.
        secret = (
            self._state().secret_named(request.deployment_name, environment.name)
            if request.deployment_name
            else None
        )
        if secret is None:
            return None
        if request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise already_exists(f"Secret '{secret.name}'")
        if request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS:
            secret.values = dict(request.env_dict)
            secret.updated_at, secret.updated_by = self._clock(), caller.name
        return secret

    def SecretList(self, request: api_pb2.SecretListRequest, caller: Caller) -> api_pb2.SecretListResponse:
        state = self._state()
        environment = state.environment(request.environment_name)
        caller.require_read(environment)
        page = request.pagination
        found = [s for s in state.secrets.values() if s.environment == environment.name and s.name]
        found.sort(key=lambda secret: secret.created_at, reverse=True)
        if page.created_before:
            found = [secret for secret in found if secret.created_at < page.created_before]
        return api_pb2.SecretListResponse(
            environment_name=environment.name,
            items=[
                api_pb2.SecretListItem(
                    label=secret.name,
                    created_at=secret.created_at,
                    last_used_at=secret.last_used_at,
                    environment_name=secret.environment,
                    secret_id=secret.secret_id,
                    metadata=_metadata(secret),
                )
                for secret in found[: page.max_objects or None]
            ],
        )

    def SecretGetInfo(
        self, request: api_pb2.SecretGetInfoRequest, caller: Caller
    ) -> api_pb2.SecretGetInfoResponse:
        secret = self._state().secret(request.secret_id)
        caller.require_read(self._state().environment(secret.environment))
        return api_pb2.SecretGetInfoResponse(metadata=_metadata(secret))

    def SecretUpdate(self, request: api_pb2.SecretUpdateRequest, caller: Caller) -> Empty:
        secret = self._state().secret(request.secret_id)
        caller.require_write(self._state().environment(secret.environment))
        for update in request.updates:
            if not update.HasField("value"):
                raise denied("Keys of a secret cannot be removed.")
            secret.values[update.key] = update.value
        secret.updated_at, secret.updated_by = self._clock(), caller.name
        return Empty()

    def SecretDelete(self, request: api_pb2.SecretDeleteRequest, caller: Caller) -> Empty:
        secret = self._state().secret(request.secret_id)
        caller.require_write(self._state().environment(secret.environment))
        del self._state().secrets[secret.secret_id]
        return Empty()


def _metadata(secret: Secret) -> api_pb2.SecretMetadata:
    return api_pb2.SecretMetadata(
        name=secret.name,
        keys=sorted(secret.values),
        environment_name=secret.environment,
        last_used_at=secret.last_used_at,
        creation_info=api_pb2.CreationInfo(created_at=secret.created_at, created_by=secret.created_by),
    )
