"""The sandbox as a whole: Modal, AWS and GitHub on neighbouring ports, in one seeded world."""

import errno
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from responder.errors import UnavailableError
from responder.sandbox import seed
from responder.sandbox.attack import SEED, Loot, attack
from responder.sandbox.attack.github import ACCOUNT
from responder.sandbox.aws import AwsPlane
from responder.sandbox.aws.account import REGION
from responder.sandbox.deployer import Deployer
from responder.sandbox.doors import ADDRESSES, doors
from responder.sandbox.faults import Faults
from responder.sandbox.github import GithubPlane
from responder.sandbox.intruder import Intruder
from responder.sandbox.modal import ModalPlane
from responder.sandbox.truth import Truth


@dataclass(frozen=True)
class Urls:
    modal: str
    aws: str
    github: str


@dataclass(frozen=True)
class Sandbox:
    """What is to be known of the three planes while they run."""

    urls: Urls
    env: Mapping[str, str] = field(repr=False)
    """Points the unmodified clients here, as the operator."""
    leaked_file: str = field(repr=False)
    """The text of the `prod.env` that somebody pushed."""
    reviewer_token: str = field(repr=False)
    """The GitHub token of who may approve deployments to `prod`."""


@contextmanager
def running(
    port: int,
    *,
    approve_after: float | None = None,
    faults: Faults | None = None,
    attacked: bool = False,
    intruder_tries: int = 0,
    workflow: bytes | None = None,
) -> Iterator[Sandbox]:
    """Modal on `port`, AWS and GitHub on the two after it, until the block ends.

    Args:
        port: on loopback; 0 for three free ones.
        approve_after: seconds after which the reviewer of `prod` approves; without it nobody does.
        faults: what goes wrong from when everything is up; without it nothing does until it is asked for.
        attacked: an intruder has already used what leaked, whose rights were too wide; a GitHub token too.
        intruder_tries: how often an intruder undoes the containment of the leaked key.
        workflow: the file that deploys in the sandbox's repository; without it the one of this project.

    Raises:
        UnavailableError: a port is taken, or the app could not be deployed.
    """
    faults = faults or Faults()
    with ExitStack() as stack, ExitStack() as start:
        start.enter_context(faults.fair())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="respond-sandbox-"))
        modal_config = Path(folder) / "modal.toml"  # not there: nobody's own settings are read

        aws = AwsPlane(faults=faults)
        aws_url = _start(aws, port, 1, stack)
        aws_seed = seed.seed_aws(aws, too_wide=attacked)

        modal = ModalPlane(
            workspace=seed.WORKSPACE, container_env={"AWS_ENDPOINT_URL": aws_url}, faults=faults
        )
        modal_url = _start(modal, port, 0, stack)
        modal_seed = seed.seed_modal(modal, aws_seed.leaked)

        github = GithubPlane(
            runner_env=_runner_env(modal_url, modal_config),
            auto_approve=approve_after,
            mounts=dict.fromkeys(ADDRESSES, doors(lambda: truth)),
            faults=faults,
        )
        github_seed = seed.seed_github(github, modal_seed.ci, workflow)

        if attacked:
            github.add_user(ACCOUNT)
        deployer = stack.enter_context(Deployer(modal_url, modal_config, modal_seed.ci))
        deployer.deploy()
        urls = Urls(modal_url, aws_url, _start(github, port, 2, stack))
        modal.backdate(seed.YOUNGER)
        github.backdate(seed.YOUNGER)
        leaked_file = seed.leaked_file(
            aws_seed.leaked, modal_seed.ci["prod"], github_seed.maintainer if attacked else ""
        )
        seed.spill(github, leaked_file, aws_seed.leaked)
        left = attack(Loot.of(leaked_file, asdict(urls), SEED)) if attacked else []
        intruder = Intruder(aws, seed.KEY_OWNER, aws_seed.leaked.access_key_id, tries=intruder_tries)
        truth = Truth(modal, aws, github, deployer, faults, intruder, left)
        intruder.start()
        stack.callback(intruder.stop)
        start.close()
        yield Sandbox(
            urls=urls,
            env=_operator_env(urls, modal_config, modal_seed, aws_seed, github_seed),
            leaked_file=leaked_file,
            reviewer_token=github_seed.reviewer,
        )


def _start(plane: ModalPlane | AwsPlane | GithubPlane, first: int, offset: int, stack: ExitStack) -> str:
    port = first + offset if first else 0
    try:
        url = plane.start(port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise UnavailableError(
            f"Port {port} is taken; the sandbox needs {first}, {first + 1} and {first + 2}.",
            state="Nothing runs.",
            next_step=f"`respond sandbox up --port {first + 10}`, or stop what listens there.",
        ) from error
    stack.callback(plane.stop)
    return url


def _runner_env(modal_url: str, modal_config: Path) -> dict[str, str]:
    programs = Path(sys.executable).parent  # where `modal` is installed beside the interpreter
    return {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "MODAL_SERVER_URL": modal_url,
        "MODAL_CONFIG_PATH": str(modal_config),
    }


def _operator_env(
    urls: Urls, modal_config: Path, modal: seed.ModalSeed, aws: seed.AwsSeed, github: seed.GithubSeed
) -> dict[str, str]:
    return {
        "MODAL_SERVER_URL": urls.modal,
        "MODAL_CONFIG_PATH": str(modal_config),
        "MODAL_TOKEN_ID": modal.operator.token_id,
        "MODAL_TOKEN_SECRET": modal.operator.token_secret,
        "AWS_ENDPOINT_URL": urls.aws,
        "AWS_ACCESS_KEY_ID": aws.operator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": aws.operator.secret_access_key,
        "AWS_DEFAULT_REGION": REGION,
        "GITHUB_API_URL": urls.github,
        "GITHUB_TOKEN": github.operator,
        "GITHUB_REPOSITORY": seed.REPOSITORY,
        "NO_PROXY": "127.0.0.1,localhost",
    }
