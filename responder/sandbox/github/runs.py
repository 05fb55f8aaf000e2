"""Workflow runs, their jobs and steps, as the API and the world show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["queued", "pending", "waiting", "in_progress", "completed"]
Conclusion = Literal["success", "failure", "cancelled", "skipped"]
Decision = Literal["approved", "rejected"]


@dataclass
class Step:
    number: int
    name: str
    status: Status = "queued"
    conclusion: Conclusion | None = None
    started_at: float | None = None
    completed_at: float | None = None
    log: list[str] = field(default_factory=list)  # masked before it gets here

    def begin(self, now: float) -> None:
        self.status, self.started_at = "in_progress", now

    def settle(self, conclusion: Conclusion, now: float) -> None:
        self.status, self.conclusion, self.completed_at = "completed", conclusion, now


@dataclass
class Job:
    id: int
    key: str
    name: str
    labels: list[str]
    created_at: float
    environment: str | None = None
    status: Status = "queued"
    conclusion: Conclusion | None = None
    started_at: float | None = None
    completed_at: float | None = None
    steps: list[Step] = field(default_factory=list)

    def begin(self, now: float) -> None:
        self.status, self.started_at = "in_progress", self.started_at or now

    def settle(self, conclusion: Conclusion, now: float) -> None:
        """Ends the job; steps that did not get their turn end as it does, or skipped."""
        for step in self.steps:
            if step.status != "completed":
                running = step.status == "in_progress"
                step.settle(conclusion if running else "skipped", now)
        self.status, self.conclusion, self.completed_at = "completed", conclusion, now

    def refuse(self, reason: str, now: float) -> None:
        """Fail before the first step, and say why where people look."""
        self.begin(now)
        first = Step(1, "Set up job", log=[reason])
        self.steps = [first]
        first.begin(now)
        self.settle("failure", now)


@dataclass
class Gate:
    """A job that waits for a reviewer, or for its wait timer."""

    environment: str
    environment_id: int
    deployment_id: int
    since: float
    decision: Decision | None = None


@dataclass
class Review:
    environment_id: int
    environment: str
    login: str
    state: Decision
    comment: str
    at: float


@dataclass
class Artifact:
    """What a run kept; of one that expired, only that it was."""

    id: int
    name: str
    at: float
    files: Mapping[str, bytes] = field(repr=False)
    expired: bool = False


@dataclass
class Run:
    id: int
    number: int
    workflow_id: int
    workflow_name: str
    path: str
    title: str
    event: str
    branch: str
    sha: str
    actor: str
    inputs: dict[str, str]
    concurrency: str
    created_at: float
    updated_at: float
    log_ticket: str = field(repr=False)  # what a log's address carries in place of a token
    status: Status = "queued"
    conclusion: Conclusion | None = None
    started_at: float | None = None
    jobs: list[Job] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    cancelled: bool = False
    log_deleted: bool = False
    asked_again_by: str = ""
    earlier: list[Mapping[str, bytes]] = field(default_factory=list)  # attempts: the files of their logs
    artifacts: list[Artifact] = field(default_factory=list)

    @property
    def ref(self) -> str:
        """A pull request's run is of what merging it would give, whose name no branch has."""
        return "refs/pull/1/merge" if self.event == "pull_request" else f"refs/heads/{self.branch}"

    def open_gates(self) -> list[Gate]:
        return [gate for gate in self.gates if gate.decision is None]

    def review(self, gate: Gate, login: str, state: Decision, comment: str, now: float) -> None:
        gate.decision = state
        self.reviews.append(Review(gate.environment_id, gate.environment, login, state, comment, now))
        self.updated_at = now

    def move(self, status: Status, now: float) -> None:
        self.status, self.updated_at = status, now

    def settle(self, conclusion: Conclusion, now: float) -> None:
        """Ends the run; jobs that are not over end with it as cancelled."""
        for job in self.jobs:
            if job.status != "completed":
                job.settle("cancelled", now)
        self.move("completed", now)
        self.conclusion = conclusion


class Cancelled(Exception):  # noqa: N818 - a way out of a run, not an error of ours
    """The run was cancelled, or the plane stops."""
