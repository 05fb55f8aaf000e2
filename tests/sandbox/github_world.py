"""A GitHub with the repository that the tests deploy from, every exchange checked against its description."""

import contextlib
import time
from dataclasses import dataclass

from github import Auth, Github
from github_description import Described

from responder.sandbox.github import GithubPlane

REPOSITORY = "rentagpu/executor"
WORKFLOW = "modal_deploy.yml"
DEPLOY = b"""
name: modal_deploy
run-name: Deploy ${{ inputs.environment }} ${{ inputs.request }}
on:
  workflow_dispatch:
    inputs:
      environment: {type: choice, options: [dev, prod], required: true}
      request: {type: string, default: ""}
jobs:
  deploy:
    runs-on: ubuntu-24.04
    environment: ${{ inputs.environment || 'dev' }}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - name: Deploy
        env:
          TOKEN: ${{ secrets.MODAL_TOKEN_SECRET }}
        run: |
          test -f gpu_app/app.py
          echo "deploying with $TOKEN"
          printf %s "$TOKEN" | sha256sum
"""
ELSEWHERE = b"on: push\njobs: {}\n"


class Clock:
    """Real seconds, and as many more as a test wants."""

    def __init__(self):
        self.ahead = 0.0

    def __call__(self):
        return time.time() + self.ahead


@dataclass
class World:
    plane: GithubPlane
    url: str
    clock: Clock
    tokens: dict[str, str]

    def github(self, login, *, token=None):
        auth = Auth.Token(token or self.tokens[login])
        return Github(
            base_url=self.url, auth=auth, retry=None, seconds_between_requests=0, seconds_between_writes=0
        )

    def repository(self, login="oncall"):
        return self.github(login).get_repo(REPOSITORY)

    def truth(self):
        return self.plane.world()["repositories"][REPOSITORY]

    def run(self, run_id):
        return next(run for run in self.truth()["runs"] if run["id"] == run_id)

    def wait(self, run_id, status="completed"):
        """Until the run is there; gives the run as the world has it."""

        def there(world):
            runs = world["repositories"][REPOSITORY]["runs"]
            return any(run["id"] == run_id and run["status"] == status for run in runs)

        self.plane.wait_until(there, seconds=60)
        return self.run(run_id)

    def log(self, run_id):
        return [line for job in self.run(run_id)["jobs"] for step in job["steps"] for line in step["log"]]

    def dispatch(self, environment="prod", *, ref="main", login="oncall", **inputs):
        workflow = self.repository(login).get_workflow(WORKFLOW)
        return workflow.create_dispatch(
            ref, {"environment": environment, **inputs}, throw=True, return_run_details=True
        )


@contextlib.contextmanager
def a_world(*, workflow=DEPLOY, **plane_arguments):
    clock = Clock()
    plane = GithubPlane(clock=clock, **plane_arguments)
    described = Described(plane.app.wsgi_app)
    plane.app.wsgi_app = described
    tokens = {login: plane.add_user(login) for login in ("oncall", "grace", "reader", "stranger")}
    files = {f".github/workflows/{WORKFLOW}": workflow, "gpu_app/app.py": b"app = 1\n"}
    files[".github/workflows/elsewhere.yml"] = ELSEWHERE
    plane.add_repository(
        REPOSITORY, files, permissions={"oncall": "admin", "grace": "write", "reader": "read"}
    )
    plane.add_environment(REPOSITORY, "dev")
    plane.add_environment(REPOSITORY, "prod", reviewers=["grace"], branches=["main"])
    for environment in ("dev", "prod"):
        plane.put_environment_secret(REPOSITORY, environment, "MODAL_TOKEN_ID", f"ak-{environment}")
        plane.put_environment_secret(REPOSITORY, environment, "MODAL_TOKEN_SECRET", f"as-{environment}-old")
    url = plane.start()
    try:
        yield World(plane, url, clock, tokens)
    finally:
        plane.stop()
    assert not described.violations, "\n".join(described.violations)
