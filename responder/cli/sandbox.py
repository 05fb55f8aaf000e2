"""`respond sandbox`: Modal, AWS and GitHub on this machine."""

import json
import os
import shlex
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO, NoReturn

import click

from responder.sandbox.faults import GRAMMAR, Faults, read_rule

if TYPE_CHECKING:
    from responder.sandbox.notice import Notice
    from responder.sandbox.planes import Sandbox

PORT = 7700
_HIGHEST = 65533  # two more follow
_IN_THE_WAY = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "MODAL_PROFILE", "MODAL_ENVIRONMENT")

_port = click.option(
    "--port",
    type=click.IntRange(0, _HIGHEST),
    default=PORT,
    show_default=True,
    help="Of Modal; AWS and GitHub are at the next two. 0 takes any free ones.",
)


@click.group()
def sandbox() -> None:
    """Modal, AWS and GitHub on this machine, to rehearse on.

    The unmodified `modal`, `aws` and PyGithub clients talk to it. Nothing in it is real, and nothing of it
    reaches beyond this machine.
    """


@sandbox.command(epilog=f"\b\nRules of --fault:\n{GRAMMAR}".replace("\n\n", "\n\n\b\n"))
@_port
@click.option("--json", "as_json", is_flag=True, help="Say where everything is in one line of JSON.")
@click.option(
    "--approve-after",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Have the reviewer approve deployments to prod after so long; otherwise they wait for you.",
)
@click.option(
    "--leak",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the leaked file; otherwise in a folder of the sandbox's own.",
)
@click.option(
    "--fault",
    "fault_lines",
    multiple=True,
    metavar="RULE",
    help="Have something go wrong, as said below. Again for more.",
)
@click.option(
    "--latency", type=click.FloatRange(min=0), default=0, metavar="MS", help="Delay every answer by so long."
)
@click.option(
    "--intruder",
    "attacked",
    is_flag=True,
    help="Have an intruder use what leaked before you respond: sessions, users, roles, apps and more.",
)
@click.option(
    "--fights-back",
    "tries",
    type=click.IntRange(min=0),
    is_flag=False,
    flag_value=1,
    default=0,
    metavar="[TRIES]",
    help="Have the intruder undo the containment of the leaked key as soon as it shows; once, or so often.",
)
@click.option(
    "--workflow",
    type=click.File("rb"),
    help="Your own modal_deploy.yml, to rehearse with; otherwise the one that comes with this.",
)
@click.option(
    "--until-eof", is_flag=True, help="Stop when standard input ends; for programs that start this."
)
def up(
    *,
    port: int,
    as_json: bool,
    approve_after: float | None,
    leak: Path | None,
    fault_lines: tuple[str, ...],
    latency: float,
    attacked: bool,
    tries: int,
    workflow: BinaryIO | None,
    until_eof: bool,
) -> None:
    """Start it, and keep it until Ctrl-C.

    While it runs, POST /_sandbox/faults at GitHub's port takes a JSON list of further rules of --fault, and
    DELETE clears all of them.
    """
    from responder.sandbox.planes import running  # noqa: PLC0415

    faults = Faults([read_rule(line) for line in fault_lines], latency=latency / 1000)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with ExitStack() as stack:
            started = stack.enter_context(
                running(
                    port,
                    approve_after=approve_after,
                    faults=faults,
                    attacked=attacked,
                    intruder_tries=tries,
                    workflow=workflow.read() if workflow else None,
                )
            )
            notice = _post(started, leak, stack)
            click.echo(notice.as_json() if as_json else _described(notice, approve_after))
            if until_eof:
                sys.stdin.buffer.read()
            else:
                threading.Event().wait()
    except KeyboardInterrupt:
        pass  # the way to stop it


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """Once: what is being stopped is not stopped half-way by an impatient second Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _post(started: "Sandbox", leak: Path | None, stack: ExitStack) -> "Notice":
    """Write the leaked file and the notice, both for as long as the sandbox runs."""
    from responder.sandbox.notice import Notice, folder, posted, private_file  # noqa: PLC0415
    from responder.sandbox.seed import REVIEWER  # noqa: PLC0415

    port = int(started.urls.modal.rpartition(":")[2])
    own = folder(port)
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    if leak is None:
        leak = own / "prod.env"
        leak.unlink(missing_ok=True)  # of one that was killed
    stack.enter_context(private_file(leak.absolute(), started.leaked_file))
    notice = Notice(
        urls=asdict(started.urls),
        env={**started.env, "RESPOND_INVENTORY": str(_inventory()), "RESPOND_HOME": str(own / "home")},
        leak=str(leak.absolute()),
        reviewer={"login": REVIEWER, "token": started.reviewer_token},
        pid=os.getpid(),
    )
    stack.enter_context(posted(port, notice))
    return notice


def _inventory() -> Path:
    """The example, which describes this very world."""
    return Path(__file__).parents[1] / "respond.example.toml"


def _described(notice: "Notice", approve_after: float | None) -> str:
    from responder.sandbox.seed import ALERT  # noqa: PLC0415

    port = int(notice.urls["modal"].rpartition(":")[2])
    option = "" if port == PORT else f" --port {port}"
    approval = (
        "wait for grace: start with --approve-after SECONDS to have her approve"
        if approve_after is None
        else f"are approved by grace after {approve_after:g} s"
    )
    return f"""\
Modal   {notice.urls["modal"]}  workspace rentagpu, environments dev and prod
AWS     {notice.urls["aws"]}  user rentagpu-s3, bucket rentagpu-artifacts
GitHub  {notice.urls["github"]}  repository rentagpu/executor; deployments to prod {approval}

Somebody has pushed {notice.leak}. In another terminal:

  eval "$(respond sandbox env{option})"
  respond leak --file {shlex.quote(notice.leak)}

Or begin with the alert that GitHub has raised about it: respond identify {ALERT}.

`modal`, `aws` and PyGithub work there too. Ctrl-C here stops all of it."""


@sandbox.command()
@_port
@click.option("--json", "as_json", is_flag=True, help="As one JSON object, not as lines for a shell.")
def env(*, port: int, as_json: bool) -> None:
    """Print what points a shell at the running sandbox, as its operator.

    Use it as `eval "$(respond sandbox env)"`. The tokens are good for the sandbox only.
    """
    from responder.sandbox.notice import find  # noqa: PLC0415

    found = find(port).env
    if as_json:
        click.echo(json.dumps(found))
    else:
        click.echo(f"unset {' '.join(_IN_THE_WAY)}")
        click.echo("\n".join(f"export {name}={shlex.quote(value)}" for name, value in found.items()))
