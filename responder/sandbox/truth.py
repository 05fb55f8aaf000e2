"""What is really so behind the three ports, and the way back to how it was at the start."""

from typing import Any

from responder.sandbox.aws import AwsPlane
from responder.sandbox.deployer import Deployer
from responder.sandbox.github import GithubPlane
from responder.sandbox.modal import ModalPlane


class Truth:
    """Made when everything is seeded and deployed."""

    def __init__(self, modal: ModalPlane, aws: AwsPlane, github: GithubPlane, deployer: Deployer) -> None:
        self._modal, self._aws, self._github, self._deployer = modal, aws, github, deployer
        self._start = (modal.snapshot(), aws.snapshot(), github.snapshot())

    def world(self) -> dict[str, Any]:
        """Secrets in clear."""
        return {"modal": self._modal.world(), "aws": self._aws.world(), "github": self._github.world()}

    def reset(self) -> None:
        """All as it was, the credentials too; workflow runs are cut off and containers started anew.

        Raises:
            UnavailableError: no container could be started.
        """
        modal, aws, github = self._start
        self._github.restore(github)
        self._modal.restore(modal)
        self._aws.restore(aws)
        self._deployer.warm()
