"""Incidents under random kills and faults, and what became of the world: `python tests/chaos.py --help`.

Every incident is a `respond leak` in a sandbox that goes on living. It is killed by SIGKILL at a random
instant (a random time after a random event, so in mid-request, in mid-fsync and in mid-seal too), resumed,
killed again, up to five times; or it is played in bad weather. A violation is any difference from what an
uninterrupted run leaves behind. The same seed plays the same incidents.
"""

import random
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

import click

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "end_to_end")]

from aftermath import assert_over, runs  # noqa: E402  # beside this file, not a package
from forked import Forked  # noqa: E402
from incident import RunningSandbox  # noqa: E402
from test_kill import as_env  # noqa: E402

from responder.bundled import bundled  # noqa: E402
from responder.journal.audit import verify  # noqa: E402

MOST_KILLS = 5  # of one incident
LAST_EVENT = 60  # of an incident; a kill after that finds nothing to kill
LONGEST_DELAY = 0.4  # seconds after the event

WEATHER = {
    "lost replies at AWS": ["aws:CreateAccessKey:lost-reply*1", "aws:UpdateAccessKey:lost-reply*1"],
    "lost replies at Modal": ["modal:ServiceUserCreate:lost-reply*4", "modal:AppRollover:lost-reply*4"],
    "lost replies at GitHub": ["github:POST dispatches:lost-reply*1", "github:PUT secrets:lost-reply*2"],
    "throttling": ["aws:429=1*4", "modal:exhausted=1*4", "github:429=1*4"],
    "GitHub's secondary limit": ["github:secondary-limit=1*3"],
    "errors inside the services": ["aws:500*4", "modal:500*6", "github:502*4"],
    "resets": ["aws:reset*4", "modal:reset*6", "github:reset*4"],
    "slow bodies": ["github:slow-body=1*4", "aws:slow-body=1*4"],
    "IAM disagrees with itself": ["aws:new-keys=3", "aws:old-keys=2", "aws:policies=2"],
    "a service is down, and comes back": ["github:down"],
}


class Player:
    """Plays one incident after another; what leaks is what was fresh before."""

    def __init__(self, sandbox, forked, folder, chance):
        self.sandbox, self.forked, self.folder, self.chance = sandbox, forked, folder, chance
        self.playbook = folder / "leak.yaml"
        text = (bundled("playbooks") / "leak.yaml").read_text()
        self.playbook.write_text(text.replace("wait: 10s", "wait: 1s"))
        self.played = 0

    def incident(self, kills=0, rules=()):
        """Play it to its end; gives how many kills met a living run. Raises AssertionError on a violation."""
        self.played += 1
        home = self.folder / str(self.played)
        home.mkdir()
        before = self.sandbox.world()
        leaked = home / "prod.env"
        leaked.write_text(as_env(before))
        command = ("leak", "--file", str(leaked), "--playbook", str(self.playbook), "--yes")
        self.sandbox.weather(*rules)
        met = 0
        for _ in range(kills):
            ended = self.respond(home, *command, killed=True)
            command = ("resume",)
            if ended.returncode != -signal.SIGKILL:
                break
            met += 1
        else:
            ended = self.respond(home, *command)
        self.sandbox.weather()
        if ended.returncode != 0:
            again = ("resume",) if "respond resume" in ended.stdout + ended.stderr else command
            ended = self.respond(home, *again)
        nothing_left = "No run is unfinished" in ended.stderr
        assert ended.returncode == 0 or nothing_left, ended.stdout + ended.stderr
        after = self.sandbox.world()
        assert_over(before, after)
        ran = Counter(run["inputs"]["environment"] for run in runs(after)[len(runs(before)) :])
        assert ran == {"dev": 1, "prod": 1}, f"workflows: {ran}"
        assert verify(home / "journal" / "journal.db").sound
        return met

    def respond(self, home, *arguments, killed=False):
        event = self.chance.randint(1, LAST_EVENT) if killed else 0
        if killed and arguments[0] == "resume":
            event = self.chance.randint(1, LAST_EVENT // 2)
        delay = self.chance.uniform(0, LONGEST_DELAY) if self.chance.random() < 0.8 else 0
        return self.forked.respond("--home", str(home), *arguments, killed_after=event, delay=delay)


@click.command()
@click.option("--kills", default=200, show_default=True, help="How many kills must meet a living run.")
@click.option("--weather", default=1, show_default=True, help="Incidents in each kind of bad weather.")
@click.option("--seed", default=1, show_default=True)
def chaos(kills, weather, seed):
    """Play incidents under kills and faults, and print how many left the world other than it should be."""
    chance = random.Random(seed)  # noqa: S311  # repeatable on purpose
    violations = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sandbox = RunningSandbox.start(folder, approve_after=0.2)
        try:
            with Forked(sandbox.env) as forked:
                player = Player(sandbox, forked, folder, chance)
                click.echo(f"{'fault':36} {'incidents':>9} {'violations':>10}")
                violations += killing(player, kills, chance)
                for kind, rules in WEATHER.items():
                    violations += row(kind, [lambda r=rules: player.incident(rules=r)] * weather)
        finally:
            sandbox.stop()
    sys.exit(1 if violations else 0)


def killing(player, kills, chance):
    incidents = met = wrong = 0
    while met < kills:
        incidents += 1
        try:
            met += player.incident(kills=chance.randint(1, MOST_KILLS))
        except (AssertionError, ValueError) as error:  # ValueError: two where there should be one
            wrong += 1
            click.echo(f"incident {player.played}: {error}", err=True)
            player.sandbox.reset()
    click.echo(f"{f'{met} kills at random instants':36} {incidents:9} {wrong:10}")
    return wrong


def row(kind, incidents):
    wrong = 0
    for play in incidents:
        try:
            play()
        except (AssertionError, ValueError) as error:
            wrong += 1
            click.echo(f"{kind}: {error}", err=True)
    click.echo(f"{kind:36} {len(incidents):9} {wrong:10}")
    return wrong


if __name__ == "__main__":
    chaos()
