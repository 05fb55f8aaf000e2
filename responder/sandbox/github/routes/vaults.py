"""Secrets and variables, of an environment and of a repository: the same routes below each address."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify

from responder.sandbox.github import shapes, vault
from responder.sandbox.github.errors import ApiError
from responder.sandbox.github.requests import Api, body, field, listing
from responder.sandbox.github.state import Permission
from responder.sandbox.github.vault import Entry, Vault

EMPTY = ("", 204)
Find = Callable[..., Vault]  # takes the permission that is needed, and the address's parts


def blueprints(api: Api) -> list[Blueprint]:
    def environment_vault(need: Permission, owner: str, name: str, environment: str) -> Vault:
        return api.repository(owner, name, need).environment(environment).vault

    def repository_vault(need: Permission, owner: str, name: str) -> Vault:
        return api.repository(owner, name, need).vault

    def beside(keeper: str) -> Find:
        def kept(need: Permission, owner: str, name: str) -> Vault:
            found = api.repository(owner, name, need)
            return replace(found.vault, secrets=found.ways_in.beside[keeper])

        return kept

    environment, repository = "/environments/<path:environment>", "/actions"
    return [
        _secrets("environment", environment, api, environment_vault),
        _secrets("repository", repository, api, repository_vault),
        _secrets("dependabot", "/dependabot", api, beside("dependabot")),
        _secrets("codespaces", "/codespaces", api, beside("codespaces")),
        _variables("environment", environment, api, environment_vault),
        _variables("repository", repository, api, repository_vault),
    ]


def _secrets(kind: str, below: str, api: Api, find: Find) -> Blueprint:
    routes = Blueprint(f"{kind}_secrets", __name__, url_prefix=f"/repos/<owner>/<name>{below}/secrets")

    @routes.get("/public-key")
    def public_key(**at: str) -> Response:
        holder = find("write", **at)
        return jsonify({"key_id": holder.key_id, "key": holder.public_key()})

    @routes.get("")
    def secrets(**at: str) -> Response:
        return _list("secrets", find("write", **at).secrets, shapes.secret)

    @routes.get("/<secret>")
    def secret(secret: str, **at: str) -> Response:
        entry = vault.entry(find("write", **at).secrets, secret)
        return jsonify(shapes.secret(secret.upper(), entry))

    @routes.put("/<secret>")
    def put_secret(secret: str, **at: str) -> tuple[Response | str, int]:
        holder, sent = find("write", **at), body()
        value = holder.unseal(field(sent, "key_id", str), field(sent, "encrypted_value", str))
        created = vault.put(holder.secrets, secret, value, api.clock())
        return (jsonify({}), 201) if created else EMPTY

    @routes.delete("/<secret>")
    def delete_secret(secret: str, **at: str) -> tuple[str, int]:
        entries = find("write", **at).secrets
        vault.entry(entries, secret)
        del entries[secret.upper()]
        return EMPTY

    return routes


def _variables(kind: str, below: str, api: Api, find: Find) -> Blueprint:
    routes = Blueprint(f"{kind}_variables", __name__, url_prefix=f"/repos/<owner>/<name>{below}/variables")

    @routes.get("")
    def variables(**at: str) -> Response:
        return _list("variables", find("write", **at).variables, shapes.variable)

    @routes.post("")
    def create_variable(**at: str) -> tuple[Response, int]:
        entries, sent = find("write", **at).variables, body()
        name = vault.checked(field(sent, "name", str))
        if name in entries:
            raise ApiError(409, "Already exists - Variable already exists")
        vault.put(entries, name, field(sent, "value", str), api.clock())
        return jsonify({}), 201

    @routes.get("/<variable>")
    def variable(variable: str, **at: str) -> Response:
        entry = vault.entry(find("write", **at).variables, variable)
        return jsonify(shapes.variable(variable.upper(), entry))

    @routes.patch("/<variable>")
    def update_variable(variable: str, **at: str) -> tuple[str, int]:
        entries = find("write", **at).variables
        vault.entry(entries, variable)
        vault.put(entries, variable, field(body(), "value", str), api.clock())
        return EMPTY

    @routes.delete("/<variable>")
    def delete_variable(variable: str, **at: str) -> tuple[str, int]:
        entries = find("write", **at).variables
        vault.entry(entries, variable)
        del entries[variable.upper()]
        return EMPTY

    return routes


def _list(name: str, entries: dict[str, Entry], shape: Callable[[str, Entry], dict[str, Any]]) -> Response:
    return listing(name, sorted(entries.items()), lambda item: shape(*item))
