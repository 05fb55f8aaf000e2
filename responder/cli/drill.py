"""`respond drill`: a whole incident in a sandbox, and whether `respond` told the truth about it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from responder.cli.desk import Desk, consoles
from responder.cli.leak import STRATEGIES
from responder.errors import Exit, RespondError, UnavailableError

if TYPE_CHECKING:
    from rich.console import Console

    from responder.sandbox.verdict import Verdict

APPROVE_AFTER = 3  # seconds: long enough to see that the run waits for a person
_OURS = (sys.executable, "-m", "responder")
# A drill reads nothing of the person's own accounts and settings.
_LEFT_OUT = ("AWS_", "MODAL_", "GITHUB_", "GH_", "RESPOND_", "NO_PROXY", "no_proxy")


@click.command()
@click.option("--strategy", type=click.Choice(STRATEGIES), help="As in `respond leak`.")
@click.option("--redeploy", type=click.Choice(["workflow", "direct"]), help="As in `respond leak`.")
@click.option("--intruder", is_flag=True, help="An intruder has used what leaked: is every trace found?")
@click.option("--keep", is_flag=True, help="Keep the journal, to look at it afterwards.")
@click.pass_obj
def drill(desk: Desk, *, strategy: str | None, redeploy: str | None, intruder: bool, keep: bool) -> int:
    """Play a whole incident in a sandbox, end to end.

    Somebody has pushed a file with a live AWS key and CI's Modal token. `respond leak` is run on it, and in
    the end the sandbox itself says whether the leak is over. It needs no account and no network, and takes
    half a minute. With --intruder it also says how many of the intruder's traces the review found.
    """
    out, err = consoles()
    options = [f"--strategy={strategy}"] if strategy else []
    options += [f"--redeploy={redeploy}"] if redeploy else []
    folder = Path(tempfile.mkdtemp(prefix="respond-drill-"))
    with ExitStack() as cleaning:
        cleaning.callback(shutil.rmtree, folder)
        code, found = _play(folder, desk, options, err, intruder=intruder)
        _show(found, out)
        untrue = code == Exit.DONE and any(verdict.wrong for verdict in found)
        if keep or untrue or code not in (Exit.DONE, Exit.INTERRUPTED):
            cleaning.pop_all()
            home = folder / "home"
            err.print(f"The journal is kept: RESPOND_HOME={home} respond show", soft_wrap=True)
    return concluded(code, found)


def concluded(code: int, found: list["Verdict"]) -> int:
    """The exit code: that of `respond leak`, if it is true.

    Raises:
        RespondError: it says that all is done, and it is not.
    """
    if code == Exit.DONE and any(verdict.wrong for verdict in found):
        raise RespondError(
            "`respond leak` says that it is done, and the sandbox does not agree.",
            state="This is a mistake of ours.",
            next_step="Report what was printed above.",
        )
    return code


def _play(
    folder: Path, desk: Desk, options: list[str], err: "Console", *, intruder: bool
) -> tuple[int, list["Verdict"]]:
    """The exit code of `respond leak`, and what the sandbox says afterwards."""
    from responder.bundled import bundled  # noqa: PLC0415  # not for --help
    from responder.sandbox.notice import ground_truth  # noqa: PLC0415
    from responder.sandbox.verdict import intruder_is_in, review_verdict, verdicts  # noqa: PLC0415

    shutil.copytree(bundled("gpu_app"), folder / "gpu_app", ignore=shutil.ignore_patterns("__pycache__"))
    env = _clean_env(folder)
    with _sandbox(folder, env, err, ["--intruder"] if intruder else []) as notice:
        before = ground_truth(notice["urls"]["github"])
        command = ("leak", "--file", "prod.env", "--yes", *options)
        err.print(f"$ respond {' '.join(command)}", style="bold")
        env |= {**notice["env"], "RESPOND_HOME": str(folder / "home")}
        code = _run((*_OURS, *_global_options(desk), *command), folder, env)
        after = ground_truth(notice["urls"]["github"])
        inside = intruder_is_in(notice["urls"]["aws"], before)
    found = verdicts(before, after, intruder_is_in=inside)
    traces = _traces(folder / "home")
    if traces is not None:
        found.append(review_verdict(before, traces))
    return code, found


def _traces(home: Path) -> list[tuple[str, str, str]] | None:
    """What the run's review found worth a look; None where there was no run."""
    from responder.engine import fold  # noqa: PLC0415  # not for --help
    from responder.journal import Journal  # noqa: PLC0415
    from responder.review.reading import seen  # noqa: PLC0415

    path = home / "journal" / "journal.db"
    if not path.exists():
        return None
    with Journal.open(path, read_only=True) as journal:
        states = [fold(run, journal.events(run)) for run in journal.runs()]
    return [one.thing for state in states for one in seen(state).to_look_at]


@contextmanager
def _sandbox(
    folder: Path, env: Mapping[str, str], err: "Console", options: list[str]
) -> Iterator[dict[str, Any]]:
    """What `respond sandbox up --json` prints, while it runs.

    It is out of reach of the terminal's Ctrl-C, so that it is still there when `respond leak` writes its last
    words, and it ends with this process however that ends.

    Raises:
        UnavailableError: it did not start.
    """
    command = (
        *_OURS,
        "sandbox",
        "up",
        "--port=0",
        "--json",
        "--until-eof",
        f"--approve-after={APPROVE_AFTER}",
    )
    with subprocess.Popen(
        (*command, "--leak=prod.env", *options),
        env=env,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("Pipes were asked for.")
        with process.stdin:
            with err.status("Starting a Modal, an AWS and a GitHub on this machine …"):
                line = process.stdout.readline()
            if not line:
                raise UnavailableError(
                    "The sandbox did not start.", next_step="`respond sandbox up` shows it alone."
                )
            yield json.loads(line)


def _run(command: tuple[str, ...], folder: Path, env: Mapping[str, str]) -> int:
    """At this very terminal, to its end: a Ctrl-C there is the command's own affair."""
    with subprocess.Popen(command, env=env, cwd=folder) as process:
        while True:
            try:
                code = process.wait()
            except KeyboardInterrupt:
                continue
            return code if code >= 0 else 128 - code  # as a shell puts it


def _clean_env(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return {
        **kept,
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",  # the seal key is the drill's own
        "XDG_CACHE_HOME": str(folder / "cache"),
    }


def _global_options(desk: Desk) -> list[str]:
    chosen = [f"--log-format={desk.log_format}"]
    chosen += ["--verbose"] if desk.verbose else []
    return chosen + (["--debug"] if desk.debug else [])


def _show(found: list["Verdict"], out: "Console") -> None:
    out.print()
    out.print("What the sandbox itself says", style="bold")
    lines_stay_whole = not out.is_terminal
    for verdict in found:
        said = f"[green]✓[/] {verdict.text}"
        if verdict.wrong:
            said = f"[red]✗ no:[/] {verdict.text} [red]But {verdict.wrong}.[/]"
        out.print(said, soft_wrap=lines_stay_whole)
