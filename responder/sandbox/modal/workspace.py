"""The workspace's people, tokens, environments and roles, as the client asks for them."""

from collections.abc import Callable

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from modal_proto import api_pb2

from responder.sandbox.modal.identity import Caller, denied, is_live
from responder.sandbox.modal.state import (
    IssuedToken,
    Member,
    ProxyToken,
    ServiceUser,
    State,
    Token,
    already_exists,
    fresh_id,
    invalid,
    not_found,
)

MEMBER_ROLES = {
    "user": api_pb2.MEMBER_ROLE_USER,
    "manager": api_pb2.MEMBER_ROLE_MANAGER,
    "owner": api_pb2.MEMBER_ROLE_OWNER,
}


def issue_token(
    state: State, kind: str, owner_id: str, created_at: float, expires_at: float | None = None
) -> IssuedToken:
    token = IssuedToken(
        token_id=fresh_id("ak"),
        token_secret=fresh_id("as"),
        kind="member" if kind == "member" else "service_user",
        owner_id=owner_id,
        created_at=created_at,
        expires_at=expires_at,
    )
    state.tokens[token.token_id] = token
    return token


def create_service_user(
    state: State,
    name: str,
    roles: dict[str, str],
    created_by: str,
    now: float,
    expires_at: float | None = None,
) -> Token:
    if name in state.service_users:
        raise already_exists(f"Service user '{name}'")
    service_user_id = fresh_id("su")
    token = issue_token(state, "service_user", service_user_id, now, expires_at)
    state.service_users[name] = ServiceUser(service_user_id, name, token.token_id, created_by, now, roles)
    return Token(token.token_id, token.token_secret)


class WorkspaceRpcs:
    def __init__(self, state: Callable[[], State], clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock

    def ClientHello(self, _request: Empty, _caller: Caller) -> api_pb2.ClientHelloResponse:
        return api_pb2.ClientHelloResponse()

    def TokenInfoGet(
        self, _request: api_pb2.TokenInfoGetRequest, caller: Caller
    ) -> api_pb2.TokenInfoGetResponse:
        state, token = self._state(), caller.token
        reply = api_pb2.TokenInfoGetResponse(
            token_id=token.token_id,
            workspace_id=state.workspace_id,
            workspace_name=state.workspace,
            created_at=_timestamp(token.created_at),
        )
        if token.expires_at is not None:
            reply.expires_at.CopyFrom(_timestamp(token.expires_at))
        if isinstance(caller.principal, Member):
            reply.user_identity.CopyFrom(_user_identity(caller.principal))
        else:
            user = caller.principal
            reply.service_user_identity.service_user_id = user.service_user_id
            reply.service_user_identity.service_user_name = user.name
            creator = next((m for m in state.members.values() if m.name == user.created_by), None)
            if creator:
                reply.service_user_identity.created_by.CopyFrom(_user_identity(creator))
        return reply

    def WorkspaceNameLookup(self, _request: Empty, _caller: Caller) -> api_pb2.WorkspaceNameLookupResponse:
        # The client takes the workspace's name from `username`.
        name = self._state().workspace
        return api_pb2.WorkspaceNameLookupResponse(workspace_name=name, username=name)

    def WorkspaceMembersList(self, _request: Empty, _caller: Caller) -> api_pb2.WorkspaceMembersListResponse:
        state = self._state()
        return api_pb2.WorkspaceMembersListResponse(
            members=[_member_item(state, m) for m in state.members.values()]
        )

    def ServiceUserCreate(
        self, request: api_pb2.ServiceUserCreateRequest, caller: Caller
    ) -> api_pb2.ServiceUserCreateResponse:
        caller.require_administrator()
        if not request.name.replace("-", "").replace("_", "").isalnum():
            raise invalid("A service user's name has only letters, digits, '-' and '_'.")
        state, now = self._state(), self._clock()
        expires_at = now + request.expires_in_seconds if request.expires_in_seconds else None
        token = create_service_user(state, request.name, {}, caller.name, now, expires_at)
        reply = api_pb2.ServiceUserCreateResponse(
            token_id=token.token_id,
            token_secret=token.token_secret,
            service_user_id=state.service_users[request.name].service_user_id,
        )
        if expires_at is not None:
            reply.expires_at.CopyFrom(_timestamp(expires_at))
        return reply

    def ServiceUserList(self, _request: Empty, _caller: Caller) -> api_pb2.ServiceUserListResponse:
        users = self._state().service_users.values()
        return api_pb2.ServiceUserListResponse(
            service_users=[self._service_user_item(user) for user in users]
        )

    def ServiceUserInfo(
        self, request: api_pb2.ServiceUserInfoRequest, _caller: Caller
    ) -> api_pb2.ServiceUserInfoResponse:
        user = self._state().service_user(request.service_user_name)
        return api_pb2.ServiceUserInfoResponse(service_user=self._service_user_item(user))

    def ServiceUserDelete(self, request: api_pb2.ServiceUserDeleteRequest, caller: Caller) -> Empty:
        caller.require_administrator()
        state = self._state()
        user = find_service_user(state, request.service_user_name, request.service_user_id)
        del state.service_users[user.name]
        del state.tokens[user.token_id]
        return Empty()

    def _service_user_item(self, user: ServiceUser) -> api_pb2.ServiceUser:
        state = self._state()
        token = state.tokens[user.token_id]
        item = api_pb2.ServiceUser(
            name=user.name,
            token_id=user.token_id,
            created_by=user.created_by,
            created_at=user.created_at,
            last_used_at=token.last_used_at,
            service_user_id=user.service_user_id,
            status="active" if is_live(token, self._clock()) else "expired",
            environment_roles=[
                api_pb2.ServiceUser.EnvironmentRoleEntry(
                    environment_id=state.environment(name).environment_id,
                    environment_name=name,
                    role_str=role,
                )
                for name, role in user.roles.items()
            ],
        )
        if token.expires_at is not None:
            item.expires_at = token.expires_at
        return item

    def TokensList(self, _request: Empty, caller: Caller) -> api_pb2.TokensListResponse:
        state, member = self._state(), caller.require_member()
        return api_pb2.TokensListResponse(
            tokens=[
                _token_item(state, token)
                for token in state.tokens.values()
                if token.kind == "member" and (caller.administrates or token.owner_id == member.user_id)
            ]
        )

    def TokenDisable(self, request: api_pb2.TokenDisableRequest, caller: Caller) -> Empty:
        for token in [self._member_token(token_id, caller) for token_id in request.token_ids]:
            token.disabled = True
        return Empty()

    def TokenEnable(self, request: api_pb2.TokenEnableRequest, caller: Caller) -> Empty:
        for token in [self._member_token(token_id, caller) for token_id in request.token_ids]:
            token.disabled = False
        return Empty()

    def TokenDelete(self, request: api_pb2.TokenDeleteRequest, caller: Caller) -> Empty:
        del self._state().tokens[self._member_token(request.token_id, caller).token_id]
        return Empty()

    def _member_token(self, token_id: str, caller: Caller) -> IssuedToken:
        member = caller.require_member()
        token = self._state().tokens.get(token_id)
        if token is None or token.kind != "member":
            raise not_found(f"Token '{token_id}'")
        if not caller.administrates and token.owner_id != member.user_id:
            raise denied("Only owners and managers may manage the tokens of others.")
        return token

    def WebhookTokenCreate(
        self, request: api_pb2.WebhookTokenCreateRequest, caller: Caller
    ) -> api_pb2.TokenCreateResponse:
        """Everyone in the workspace may: https://modal.com/docs/guide/webhook-proxy-auth."""
        token = ProxyToken(
            token_id=fresh_id("wk"),
            token_secret=fresh_id("ws"),
            name=request.name,
            created_by=caller.principal,
            created_at=self._clock(),
        )
        self._state().proxy_tokens[token.token_id] = token
        return api_pb2.TokenCreateResponse(token_id=token.token_id, token_secret=token.token_secret)

    def WebhookTokenUpdate(
        self, request: api_pb2.WebhookTokenUpdateRequest, _caller: Caller
    ) -> api_pb2.WebhookToken:
        token = self._proxy_token(request.token_id)
        token.name = request.name
        return _proxy_token_item(token)

    def WebhookTokenList(self, _request: Empty, _caller: Caller) -> api_pb2.WebhookTokenListResponse:
        tokens = self._state().proxy_tokens.values()
        return api_pb2.WebhookTokenListResponse(tokens=[_proxy_token_item(token) for token in tokens])

    def WebhookTokenListForEnvironment(
        self, request: api_pb2.WebhookTokenListForEnvironmentRequest, caller: Caller
    ) -> api_pb2.WebhookTokenListResponse:
        state = self._state()
        environment = state.environment(request.environment_name)
        caller.require_read(environment)
        tokens = [token for token in state.proxy_tokens.values() if environment.name in token.environments]
        return api_pb2.WebhookTokenListResponse(tokens=[_proxy_token_item(token) for token in tokens])

    def WebhookTokenEnvironmentAdd(
        self, request: api_pb2.WebhookTokenEnvironmentAddRequest, caller: Caller
    ) -> Empty:
        caller.require_administrator()
        environment = self._state().environment_by_id(request.environment_id)
        self._proxy_token(request.token_id).environments.add(environment.name)
        return Empty()

    def WebhookTokenEnvironmentRemove(
        self, request: api_pb2.WebhookTokenEnvironmentRemoveRequest, caller: Caller
    ) -> Empty:
        caller.require_administrator()
        environment = self._state().environment_by_id(request.environment_id)
        self._proxy_token(request.token_id).environments.discard(environment.name)
        return Empty()

    def WebhookTokenDelete(self, request: api_pb2.TokenDeleteRequest, _caller: Caller) -> Empty:
        del self._state().proxy_tokens[self._proxy_token(request.token_id).token_id]
        return Empty()

    def _proxy_token(self, token_id: str) -> ProxyToken:
        token = self._state().proxy_tokens.get(token_id)
        if token is None:
            raise not_found(f"Proxy token '{token_id}'")
        return token


def find_service_user(state: State, name: str, service_user_id: str) -> ServiceUser:
    """By name where one is given, else by id: requests carry either."""
    if name:
        return state.service_user(name)
    for user in state.service_users.values():
        if user.service_user_id == service_user_id:
            return user
    raise not_found(f"Service user '{service_user_id}'")


def _timestamp(seconds: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromNanoseconds(int(seconds * 1e9))
    return stamp


def _user_identity(principal: Member | ServiceUser) -> api_pb2.UserIdentity:
    number = principal.user_id if isinstance(principal, Member) else principal.service_user_id
    return api_pb2.UserIdentity(user_id=number, username=principal.name)


def _member_item(state: State, member: Member) -> api_pb2.WorkspaceMembersListItem:
    used = [token.last_used_at for token in state.tokens.values() if token.owner_id == member.user_id]
    return api_pb2.WorkspaceMembersListItem(
        member_id=member.user_id,
        user_id=member.user_id,
        member_displayname=member.name,
        email=member.email,
        member_role=MEMBER_ROLES[member.role],
        joined_at=member.joined_at,
        last_active_at=max(used, default=0.0),
    )


def _token_item(state: State, token: IssuedToken) -> api_pb2.TokensListResponse.Token:
    owner = state.members[token.owner_id]
    item = api_pb2.TokensListResponse.Token(
        token_id=token.token_id,
        created_at=token.created_at,
        workspace_id=state.workspace_id,
        user_id=owner.user_id,
        member_id=owner.user_id,
        last_used_at=token.last_used_at,
        member_displayname=owner.name,
        disabled=token.disabled,
    )
    if token.expires_at is not None:
        item.expires_at = token.expires_at
    return item


def _proxy_token_item(token: ProxyToken) -> api_pb2.WebhookToken:
    return api_pb2.WebhookToken(
        token_id=token.token_id,
        created_at=token.created_at,
        scoped=bool(token.environments),
        name=token.name,
        created_by=_user_identity(token.created_by),
    )
