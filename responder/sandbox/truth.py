"""What is really so behind the three ports, and the way back to how it was at the start."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from responder.sandbox.attack import Left
from responder.sandbox.aws import AwsPlane
from responder.sandbox.deployer import Deployer
from responder.sandbox.faults import Faults
from responder.sandbox.github import GithubPlane
from responder.sandbox.intruder import Intruder
from responder.sandbox.modal import ModalPlane


class Truth:
    """Made when everything is seeded and deployed."""

    def __init__(
        self,
        modal: ModalPlane,
        aws: AwsPlane,
        github: GithubPlane,
        deployer: Deployer,
        faults: Faults,
        intruder: Intruder,
        left: Sequence[Left],
    ) -> None:
        self._modal, self._aws, self._github, self._deployer = modal, aws, github, deployer
        self.faults = faults
        self._intruder = intruder
        self._left = left
        self._start = (modal.snapshot(), aws.snapshot(), github.snapshot())

    def world(self) -> dict[str, Any]:
        """Secrets in clear."""
        return {
            "modal": self._modal.world(),
            "aws": self._aws.world(),
            "github": self._github.world(),
            "faults": self.faults.world(),
            "intruder": self._intruder.world(),
            "left": [asdict(one) for one in self._left],
        }

    def reset(self) -> None:
        """All as it was, the credentials and the weather too.

        Workflow runs are cut off, containers are started anew, and the intruder has all its tries again.

        Raises:
            UnavailableError: no container could be started.
        """
        modal, aws, github = self._start
        self._intruder.stop()
        with self.faults.fair():
            self._github.restore(github)
            self._modal.restore(modal)
            self._aws.restore(aws)
            self._deployer.warm()
        self.faults.reset()
        self._intruder.start()
