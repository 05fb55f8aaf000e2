"""What a workspace consists of: plain data, so that a snapshot is one deep copy."""

import secrets
import string
from dataclasses import dataclass, field
from typing import Literal

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from modal_proto import api_pb2

MemberRole = Literal["owner", "manager", "user"]
TokenKind = Literal["member", "service_user"]

CONTRIBUTOR, VIEWER, NO_ACCESS = "contributor", "viewer", "no-access"
ENVIRONMENT_ROLES = (CONTRIBUTOR, VIEWER, NO_ACCESS)

_ALPHABET = string.ascii_letters + string.digits


def fresh_id(prefix: str) -> str:
    """`prefix-` and 22 letters or digits, the form of every identifier and token of the service."""
    return f"{prefix}-" + "".join(secrets.choice(_ALPHABET) for _ in range(22))


@dataclass(frozen=True)
class Token:
    token_id: str
    token_secret: str = field(repr=False)


@dataclass
class Member:
    user_id: str
    name: str
    email: str
    role: MemberRole
    joined_at: float


@dataclass
class ServiceUser:
    service_user_id: str
    name: str
    token_id: str
    created_by: str
    created_at: float
    roles: dict[str, str]  # environment name -> role; an absent one is no access


@dataclass
class IssuedToken:
    token_id: str
    token_secret: str = field(repr=False)
    kind: TokenKind
    owner_id: str
    created_at: float
    expires_at: float | None = None
    disabled: bool = False
    last_used_at: float = 0.0


@dataclass
class ProxyToken:
    token_id: str
    token_secret: str = field(repr=False)
    name: str
    created_by: Member | ServiceUser
    created_at: float
    environments: set[str] = field(default_factory=set)


@dataclass
class Environment:
    environment_id: str
    name: str
    created_at: float
    restricted: bool
    default_role: str
    member_roles: dict[str, str] = field(default_factory=dict)  # user id -> role


@dataclass
class Secret:
    secret_id: str
    name: str
    environment: str
    values: dict[str, str] = field(repr=False)
    created_by: str
    created_at: float
    updated_at: float
    updated_by: str
    last_used_at: float = 0.0


@dataclass
class FunctionDefinition:
    function_id: str
    definition_id: str
    tag: str
    function: api_pb2.Function
    data: api_pb2.FunctionData


@dataclass
class AppVersion:
    number: int
    deployed_at: float
    deployed_by: str
    tag: str
    kind: "api_pb2.DeploymentType.ValueType"
    client_version: str
    commit: api_pb2.CommitInfo
    definitions: dict[str, FunctionDefinition]  # function id -> what it runs in this version
    rollback_version: int = 0


@dataclass
class App:
    app_id: str
    name: str
    description: str
    environment: str
    state: "api_pb2.AppState.ValueType"
    created_at: float
    created_by: str
    stopped_at: float = 0.0
    stopped_by: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    drafts: dict[str, FunctionDefinition] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)  # name -> class id, once it is published
    versions: list[AppVersion] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return self.state not in (api_pb2.APP_STATE_STOPPED, api_pb2.APP_STATE_DISABLED)

    @property
    def current(self) -> AppVersion | None:
        return self.versions[-1] if self.versions else None


@dataclass
class State:
    workspace: str
    workspace_id: str
    members: dict[str, Member] = field(default_factory=dict)  # by user id
    service_users: dict[str, ServiceUser] = field(default_factory=dict)  # by name
    tokens: dict[str, IssuedToken] = field(default_factory=dict)
    proxy_tokens: dict[str, ProxyToken] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)  # by name
    secrets: dict[str, Secret] = field(default_factory=dict)  # by id
    apps: dict[str, App] = field(default_factory=dict)  # by id
    mounts: dict[str, dict[str, str]] = field(default_factory=dict)  # mount id -> file name -> SHA-256
    files: dict[str, bytes] = field(default_factory=dict)  # by SHA-256
    function_calls: int = 0
    default_environment: str = ""
    audit_log: list[api_pb2.AuditLogEntry] | None = None  # None without the Enterprise plan

    def environment(self, name: str) -> Environment:
        """The environment of that name, or the default one for the empty name."""
        found = self.environments.get(name or self.default_environment)
        if found is None:
            raise not_found(f"Environment '{name}'")
        return found

    def environment_by_id(self, environment_id: str) -> Environment:
        for environment in self.environments.values():
            if environment.environment_id == environment_id:
                return environment
        raise not_found(f"Environment '{environment_id}'")

    def member(self, name: str) -> Member:
        for member in self.members.values():
            if member.name == name:
                return member
        raise not_found(f"Member '{name}'")

    def service_user(self, name: str) -> ServiceUser:
        if name not in self.service_users:
            raise not_found(f"Service user '{name}'")
        return self.service_users[name]

    def secret(self, secret_id: str) -> Secret:
        if secret_id not in self.secrets:
            raise not_found(f"Secret '{secret_id}'")
        return self.secrets[secret_id]

    def secret_named(self, name: str, environment: str) -> Secret | None:
        for secret in self.secrets.values():
            if (secret.name, secret.environment) == (name, environment):
                return secret
        return None

    def app(self, app_id: str) -> App:
        if app_id not in self.apps:
            raise not_found(f"App '{app_id}'")
        return self.apps[app_id]

    def app_named(self, name: str, environment: str) -> App | None:
        """The newest app of that name; a deployed one before any that was stopped."""
        found = [app for app in self.apps.values() if (app.name, app.environment) == (name, environment)]
        return max(found, key=lambda app: (app.live, app.created_at), default=None)

    def app_of_function(self, function_id: str) -> App:
        for app in self.apps.values():
            if function_id in app.drafts:
                return app
        raise not_found(f"Function '{function_id}'")


def not_found(what: str) -> GRPCError:
    return GRPCError(Status.NOT_FOUND, f"{what} not found.")


def already_exists(what: str) -> GRPCError:
    return GRPCError(Status.ALREADY_EXISTS, f"{what} already exists.")


def invalid(message: str) -> GRPCError:
    return GRPCError(Status.INVALID_ARGUMENT, message)
