"""The command line: the only code that prints or asks. Commands are imported when they are called."""

import importlib
import os
import resource
import signal
import sys
import warnings
from typing import Any, NoReturn

import click

from responder import __version__
from responder.errors import Exit, RespondError

# Name -> where it is, and its one line in the help: known without importing it, so that help is fast.
COMMANDS = {
    "identify": ("responder.cli.identify:identify", "Say of what leaked whose it is, and what it may do."),
    "leak": ("responder.cli.leak:leak", "A credential has leaked: contain it, replace it, prove both."),
    "rotate": ("responder.cli.rotate:rotate", "Replace what is due, without an outage."),
    "resume": ("responder.cli.resume:resume", "Go on with a run where it stopped."),
    "runs": ("responder.cli.runs:runs", "List the runs."),
    "show": ("responder.cli.runs:show", "Show one run, step by step."),
    "watch": ("responder.cli.watch:watch", "Look again whether what a run contained still is."),
    "review": ("responder.cli.review:review", "Look again at what was done with what leaked."),
    "undo": ("responder.cli.undo:undo", "It was a false alarm: give back what can be given back."),
    "report": ("responder.cli.report:report", "Tell what a run did, or many, as a page to read."),
    "scan": ("responder.cli.scan:scan", "Where else is what leaked? Search a repository's whole history."),
    "doctor": ("responder.cli.doctor:doctor", "Check that all is there that an incident will need."),
    "run": ("responder.cli.run:run", "Set up from nothing, let a person go, answer a lost device."),
    "check": ("responder.cli.check:check", "Prove the security guide's checklist, point by point."),
    "audit": ("responder.cli.audit:audit", "Read and verify the journal."),
    "runbook": ("responder.cli.runbook:runbook", "Show the page for people: each step by hand."),
    "playbook": ("responder.cli.playbook:playbook", "List, show, check and draw playbooks."),
    "inventory": ("responder.cli.inventory:inventory", "Show which credentials exist and where they are."),
    "sandbox": ("responder.cli.sandbox:sandbox", "Modal, AWS and GitHub on this machine, to rehearse on."),
    "drill": ("responder.cli.drill:drill", "Play a whole incident in a sandbox, end to end."),
}


class Commands(click.Group):
    """A group that imports a command when it is called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = click.utils.make_str(args[0])
        if name not in COMMANDS and not name.startswith("-"):
            import difflib  # noqa: PLC0415

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean `respond {near[0]}`?" if near else " `respond --help` lists them."
            ctx.fail(f"There is no command `{name}`.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"Exit codes: {', '.join(f'{code.value} {code.name.lower()}' for code in Exit)}.",
)
@click.option(
    "--home", envvar="RESPOND_HOME", type=click.Path(file_okay=False), help="Folder of the journal."
)
@click.option(
    "--inventory", envvar="RESPOND_INVENTORY", type=click.Path(), help="The inventory, respond.toml."
)
@click.option(
    "--log-format",
    type=click.Choice(["human", "json"]),
    default="human",
    help="How logs on standard error look.",
)
@click.option("--verbose", "-v", is_flag=True, help="Log every event of a run as it is recorded.")
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong.")
@click.version_option(__version__, "--version", message="respond %(version)s")
@click.pass_context
def cli(ctx: click.Context, /, **settings: Any) -> None:  # noqa: ANN401  # click's
    """What you type when a credential leaks.

    Start with `respond leak`. Nothing is changed before you confirm, and a run that is killed at any moment
    goes on with `respond resume`.
    """
    from responder.cli.desk import Desk  # noqa: PLC0415

    ctx.obj = Desk(**settings)


def main() -> NoReturn:  # noqa: C901  # a case an ending
    """The `respond` command."""
    _leave_no_core()
    if not _debug():
        warnings.simplefilter("ignore")  # libraries' words for developers, in the midst of an incident
    try:
        code = _invoke()
        sys.stdout.flush()
    except click.exceptions.Exit as ended:  # --help, --version
        sys.exit(ended.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.INPUT)
    except (click.Abort, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one has nothing left to stop
        _say("Stopped on request. Nothing more was done.")
        sys.exit(Exit.INTERRUPTED)
    except RespondError as error:
        if _debug():
            raise
        _explain(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has had enough. Python would try once more at exit, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.INTERRUPTED)
    except OSError as error:
        if _debug():
            raise
        _say(f"The system refused something: {error.strerror or error}.")
        _say("  Now:  What was done so far is in the journal; `respond runs` shows it.")
        _say("  Next: Make room, or mend what is named, and type the command again.")
        sys.exit(Exit.UNAVAILABLE)
    except Exception as error:  # the last place where a mistake of ours can be put into words
        if _debug():
            raise
        _explain_bug(error)
        sys.exit(Exit.BUG)
    sys.exit(code if isinstance(code, int) else Exit.DONE)


def _leave_no_core() -> None:
    """A crash must not write what this process knows to the disk; nor one of its children."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def _invoke() -> object:
    """As `click.Command.main`, which makes a closed pipe a failure."""
    with cli.make_context("respond", sys.argv[1:]) as context:
        return cli.invoke(context)


def _debug() -> bool:
    return "--debug" in sys.argv[1:]


def _explain(error: RespondError) -> None:
    from responder.secret import redact  # noqa: PLC0415

    _say(redact(error.what))
    if error.state:
        _say(redact(f"  Now:  {error.state}"))
    if error.next_step:
        _say(redact(f"  Next: {error.next_step}"))


def _explain_bug(error: Exception) -> None:
    from responder.secret import redact  # noqa: PLC0415

    _say(redact(f"A mistake of ours: {type(error).__name__}: {error}"))
    _say("  Now:  What was done so far is in the journal; `respond runs` shows it.")
    _say("  Next: Run the command again with --debug before its name, and report what it prints.")


def _say(line: str) -> None:
    click.echo(line, err=True)
