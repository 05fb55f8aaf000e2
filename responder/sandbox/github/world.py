"""The ground truth as JSON: everything there is, secret values in clear."""

import dataclasses
from typing import Any

from responder.sandbox.github.runs import Run
from responder.sandbox.github.state import Environment, Repository, State
from responder.sandbox.github.teams import People
from responder.sandbox.github.vault import Entry


def world(state: State, now: float) -> dict[str, Any]:
    return {
        "users": [{"login": user.login, "id": user.id, "type": user.kind} for user in state.users.values()],
        "tokens": [
            {
                "token": token.value,
                "login": token.login,
                "created_at": token.created_at,
                "expires_at": token.expires_at,
                "revoked_at": token.revoked_at,
                "live": token.live(now),
            }
            for token in state.tokens.values()
        ],
        "repositories": {name: _repository(found) for name, found in state.repositories.items()},
        "people": {login: _people(found) for login, found in state.people.items()},
        "organizations": {login: _entries(shared.secrets) for login, shared in state.organizations.items()},
    }


def _repository(repository: Repository) -> dict[str, Any]:
    return {
        "default_branch": repository.default_branch,
        "branches": {branch.name: branch.sha for branch in repository.branches.values()},
        "permissions": dict(repository.permissions),
        "environments": {name: _environment(found) for name, found in repository.environments.items()},
        "secrets": _entries(repository.vault.secrets),
        "variables": _entries(repository.vault.variables),
        "runs": [_run(run) for run in repository.runs],
        "issues": {
            str(number): [dataclasses.asdict(comment) for comment in comments]
            for number, comments in repository.issues.items()
        },
        **dataclasses.asdict(repository.ways_in),
        "alerts": {number: alert.resolution for number, alert in repository.spilt.alerts.items()},
    }


def _people(people: People) -> dict[str, Any]:
    return {
        "members": dict(people.members),
        "teams": {slug: dict(team.members) for slug, team in people.teams.items()},
    }


def _environment(environment: Environment) -> dict[str, Any]:
    return {
        "id": environment.id,
        "wait_timer": environment.wait_timer,
        "reviewers": list(environment.reviewers),
        "reviewing_teams": [team.slug for team in environment.reviewing_teams],
        "prevent_self_review": environment.prevent_self_review,
        "branch_policy": environment.branch_policy,
        "branches": list(environment.branch_patterns.values()),
        "secrets": _entries(environment.vault.secrets),
        "variables": _entries(environment.vault.variables),
    }


def _entries(entries: dict[str, Entry]) -> dict[str, Any]:
    return {
        name: {"value": entry.value, "created_at": entry.created_at, "updated_at": entry.updated_at}
        for name, entry in entries.items()
    }


def _run(run: Run) -> dict[str, Any]:
    found = dataclasses.asdict(run)
    del found["log_ticket"]
    return found
