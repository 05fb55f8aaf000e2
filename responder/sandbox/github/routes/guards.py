"""What guards a repository's branches, which teams may come in, and the runners of its own.

https://docs.github.com/rest/repos/rules and https://docs.github.com/rest/actions/self-hosted-runners
"""

from typing import Any

from flask import Blueprint, Response, jsonify

from responder.sandbox.github.errors import ApiError, not_found, unprocessable
from responder.sandbox.github.requests import Api, body, field, listing, paged
from responder.sandbox.github.shapes import moment, node_id
from responder.sandbox.github.state import Repository
from responder.sandbox.github.ways_in import Ruleset, Runner

EMPTY = ("", 204)
_ENFORCEMENTS = ("active", "evaluate", "disabled")
_TEAM_WORDS = {"read": "pull", "write": "push", "admin": "admin"}


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("guards", __name__, url_prefix="/repos/<owner>/<name>")
    _add_rulesets(routes, api)
    _add_protection(routes, api)
    _add_runners(routes, api)

    @routes.get("/teams")
    def teams(owner: str, name: str) -> Response:
        found = api.repository(owner, name, "admin")
        return paged(
            [
                {**api.shapes.team(owner, team), "permission": _TEAM_WORDS[role], "parent": None}
                for team, role in found.teams
            ]
        )

    return routes


def _ruleset(found: Repository, number: int) -> Ruleset:
    if number not in found.ways_in.rulesets:
        raise not_found()
    return found.ways_in.rulesets[number]


def _add_rulesets(routes: Blueprint, api: Api) -> None:
    @routes.get("/rulesets")
    def rulesets(owner: str, name: str) -> Response:
        found = api.repository(owner, name)
        return paged([_shape(found, one) for one in found.ways_in.rulesets.values()])

    @routes.post("/rulesets")
    def add_ruleset(owner: str, name: str) -> tuple[Response, int]:
        found, sent, now = api.repository(owner, name, "admin"), body(), api.clock()
        title, enforcement = field(sent, "name", str), field(sent, "enforcement", str)
        types = [str(one["type"]) for one in sent.get("rules") or ()]
        made = Ruleset(api.state.fresh_id(), title, _checked(enforcement), types, now, now)
        found.ways_in.rulesets[made.id] = made
        api.record("repository_ruleset.create", found, title)
        return jsonify(_whole(found, made)), 201

    @routes.get("/rulesets/<int:number>")
    def ruleset(owner: str, name: str, number: int) -> Response:
        found = api.repository(owner, name)
        return jsonify(_whole(found, _ruleset(found, number)))

    @routes.put("/rulesets/<int:number>")
    def change_ruleset(owner: str, name: str, number: int) -> Response:
        found, sent = api.repository(owner, name, "admin"), body()
        one = _ruleset(found, number)
        one.name, one.enforcement = sent.get("name", one.name), _checked(sent.get("enforcement", "active"))
        one.rules = [str(rule["type"]) for rule in sent["rules"]] if "rules" in sent else one.rules
        one.updated_at = api.clock()
        api.record("repository_ruleset.update", found, one.name)
        return jsonify(_whole(found, one))

    @routes.delete("/rulesets/<int:number>")
    def delete_ruleset(owner: str, name: str, number: int) -> tuple[str, int]:
        found = api.repository(owner, name, "admin")
        gone = _ruleset(found, number)
        del found.ways_in.rulesets[number]
        api.record("repository_ruleset.destroy", found, gone.name)
        return EMPTY

    @routes.get("/rules/branches/<path:branch>")
    def rules(owner: str, name: str, branch: str) -> Response:
        found = api.repository(owner, name)
        sets = found.ways_in.rulesets.values() if branch == found.default_branch else ()
        return paged(
            [
                {
                    "type": rule,
                    "ruleset_source_type": "Repository",
                    "ruleset_source": found.full_name,
                    "ruleset_id": one.id,
                }
                for one in sets
                if one.enforcement == "active"
                for rule in one.rules
            ]
        )


def _add_protection(routes: Blueprint, api: Api) -> None:
    @routes.get("/branches/<path:branch>/protection")
    def protection(owner: str, name: str, branch: str) -> Response:
        found = api.repository(owner, name, "admin")
        _protected(found, branch)
        url = f"{api.shapes.repository_url(found)}/branches/{branch}/protection"
        off = {"enabled": False}
        return jsonify(
            {
                "url": url,
                "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True},
                "allow_force_pushes": off,
                "allow_deletions": off,
            }
        )

    @routes.delete("/branches/<path:branch>/protection")
    def unprotect(owner: str, name: str, branch: str) -> tuple[str, int]:
        found = api.repository(owner, name, "admin")
        _protected(found, branch)
        found.branches[branch].protected = False
        api.record("protected_branch.destroy", found, branch)
        return EMPTY


def _protected(found: Repository, branch: str) -> None:
    if branch not in found.branches:
        raise ApiError(404, "Branch not found")
    if not found.branches[branch].protected:
        raise ApiError(404, "Branch not protected")


def _add_runners(routes: Blueprint, api: Api) -> None:
    @routes.get("/actions/runners")
    def runners(owner: str, name: str) -> Response:
        found = api.repository(owner, name, "admin")
        return listing("runners", list(found.ways_in.runners.values()), runner_shape)

    @routes.post("/actions/runners/generate-jitconfig")
    def add_runner(owner: str, name: str) -> tuple[Response, int]:
        """One that takes a single job; what it is configured with is good for nothing here."""
        found, sent = api.repository(owner, name, "admin"), body()
        made = Runner(api.state.fresh_id(), field(sent, "name", str), field(sent, "labels", list))
        found.ways_in.runners[made.id] = made
        api.record("repo.register_self_hosted_runner", found, made.name)
        return jsonify({"runner": runner_shape(made), "encoded_jit_config": "e30="}), 201

    @routes.delete("/actions/runners/<int:number>")
    def delete_runner(owner: str, name: str, number: int) -> tuple[str, int]:
        found = api.repository(owner, name, "admin")
        if found.ways_in.runners.pop(number, None) is None:
            raise not_found()
        api.record("repo.remove_self_hosted_runner", found)
        return EMPTY


def _checked(enforcement: str) -> str:
    if enforcement not in _ENFORCEMENTS:
        raise unprocessable(f"Validation Failed: enforcement is one of {', '.join(_ENFORCEMENTS)}")
    return enforcement


def _shape(found: Repository, one: Ruleset) -> dict[str, Any]:
    return {
        "id": one.id,
        "node_id": node_id("RepositoryRuleset", one.id),
        "name": one.name,
        "target": "branch",
        "source_type": "Repository",
        "source": found.full_name,
        "enforcement": one.enforcement,
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
    }


def _whole(found: Repository, one: Ruleset) -> dict[str, Any]:
    conditions = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    return {**_shape(found, one), "conditions": conditions, "rules": [{"type": rule} for rule in one.rules]}


def runner_shape(runner: Runner) -> dict[str, Any]:
    return {
        "id": runner.id,
        "name": runner.name,
        "os": "linux",
        "status": "online",
        "busy": False,
        "labels": [{"name": label, "type": "custom"} for label in runner.labels],
    }
