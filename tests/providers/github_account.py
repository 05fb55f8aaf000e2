"""A small GitHub for the provider's tests, and ways to make it answer badly."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from github import Auth, Github

from responder.action import Call, Connections
from responder.sandbox.github import GithubPlane
from responder.sandbox.github.server import Server, one_at_a_time

REPOSITORY = "rentagpu/executor"
RUNS = f"/repos/{REPOSITORY}/actions/runs"
WORKFLOW = b"""\
name: deploy
run-name: Deploy ${{ inputs.environment }} ${{ inputs.request }}
on:
  workflow_dispatch:
    inputs:
      environment: {type: string, default: dev}
      token: {type: string}
      request: {type: string}
jobs:
  deploy:
    runs-on: ubuntu-24.04
    environment: ${{ inputs.environment }}
    steps:
      - name: Install
        run: "true"
      - name: Deploy
        env:
          MODAL_TOKEN_ID: ${{ secrets.MODAL_TOKEN_ID }}
          WANTED: ${{ inputs.token }}
        run: test "$MODAL_TOKEN_ID" = "$WANTED"
"""
NAMELESS = b"on: {workflow_dispatch: {}}\njobs: {a: {runs-on: x, steps: [{run: 'true'}]}}\n"


@dataclass
class World:
    """The plane with the people's tokens; `url` is where it is served."""

    plane: GithubPlane
    url: str
    oncall: str
    grace: str
    said: list[str] = field(default_factory=list)

    def environ(self, token: str = "") -> dict[str, str]:
        return {"GITHUB_TOKEN": token or self.oncall, "GITHUB_API_URL": self.url}

    def call(self, *, step: str = "deploy", token: str = "", **changes) -> Call:
        """As a new process makes it: with connections of its own."""
        made = Call(
            run="r7k2",
            step=step,
            connections=Connections(self.environ(token)),
            clock=lambda: datetime.now(UTC),
            progress=self.said.append,
        )
        return replace(made, **changes)

    def repository(self) -> dict:
        return self.plane.world()["repositories"][REPOSITORY]

    def secrets(self, environment: str) -> dict[str, str]:
        kept = self.repository()["environments"][environment]["secrets"]
        return {name: entry["value"] for name, entry in kept.items()}

    def runs(self) -> list[dict]:
        return self.repository()["runs"]

    def wait_for_run(self, status: str) -> dict:
        self.plane.wait_until(
            lambda world: (
                [run["status"] for run in world["repositories"][REPOSITORY]["runs"]][-1:] == [status]
            ),
            seconds=20,
        )
        return self.runs()[-1]

    def review(self, state: str) -> None:
        """Grace decides on the newest run."""
        run = self.wait_for_run("waiting")
        sent = {
            "environment_ids": [gate["environment_id"] for gate in run["gates"]],
            "state": state,
            "comment": "-",
        }
        with Github(auth=Auth.Token(self.grace), base_url=self.url, seconds_between_writes=0) as github:
            github.requester.requestJsonAndCheck(
                "POST", f"{RUNS}/{run['id']}/pending_deployments", input=sent
            )


def opened(**options) -> World:
    plane = GithubPlane(**options)
    oncall, grace = plane.add_user("oncall"), plane.add_user("grace")
    files = {".github/workflows/deploy.yml": WORKFLOW, ".github/workflows/nameless.yml": NAMELESS}
    plane.add_repository(REPOSITORY, files, permissions={"oncall": "write", "grace": "write"})
    plane.add_environment(REPOSITORY, "dev")
    plane.add_environment(REPOSITORY, "prod", reviewers=["grace"], branches=["main"])
    for environment in ("dev", "prod"):
        for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "UNRELATED"):
            plane.put_environment_secret(REPOSITORY, environment, name, f"old-{environment}-{name}")
    return World(plane, plane.start(), oncall, grace)


class Weather:
    """Serves a plane a second time, with its bad days.

    `bad(method, path)` names the status that is answered in place of the real answer, or None. What was asked
    for has happened all the same unless `early`.
    """

    def __init__(self, world: World, bad: Callable[[str, str], int | None], *, early: bool = False) -> None:
        self._app = one_at_a_time(world.plane.app, world.plane._changed)
        self._bad, self._early = bad, early
        self.asked: list[tuple[str, str]] = []
        self._server = Server(self._answer, 0)
        self.world = replace(world, url=self._server.url)

    def _answer(self, environ, start_response):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.asked.append((method, path))
        status = self._bad(method, path)
        if status is None:
            return self._app(environ, start_response)
        if not self._early:
            list(self._app(environ, lambda *_: None))
        start_response(f"{status} Bad", [("Content-Type", "application/json")])
        return [json.dumps({"message": "Bad day"}).encode()]

    def count(self, method: str, ending: str) -> int:
        return sum(asked == method and path.endswith(ending) for asked, path in self.asked)

    def close(self) -> None:
        self._server.close()


class OlderServer(Weather):
    """A GitHub Enterprise Server that never heard of `return_run_details`."""

    def __init__(self, world: World) -> None:
        super().__init__(world, lambda *_: None)
        self.refused = 0

    def _answer(self, environ, start_response):
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(sent)
        if b"return_run_details" not in sent:
            return super()._answer(environ, start_response)
        self.refused += 1
        start_response("422 Unprocessable Entity", [("Content-Type", "application/json")])
        message = 'Invalid request.\n\n"return_run_details" is not a permitted key.'
        return [json.dumps({"message": message}).encode()]
