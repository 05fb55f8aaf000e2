"""`respond rotate` as a job starts it, and the inventory that it finds."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from hasty import Forked

from responder.inventory import EXAMPLE


def inventory(path, *, max_age="30d", overlap="1s"):
    """The example's, with these policies, and nothing to anchor at."""
    text = re.sub(r"\[audit\]\n(.+\n)+", "", EXAMPLE.read_text())
    text = text.replace('max_age = "90d"', f'max_age = "{max_age}"\noverlap = "{overlap}"')
    path.write_text(text.replace('overlap = "1h" #', "#"))
    return path


@dataclass
class Job:
    """`respond rotate` as a job starts it: again and again, over one journal."""

    forked: Forked = field(repr=False)
    home: Path
    inventory: Path
    more: dict[str, str] = field(repr=False, default_factory=dict)  # of its environment

    def __call__(self, *arguments, killed_after=0):
        """The exit code, the JSON result (None where there is none), standard error."""
        where = ("--home", str(self.home), "--inventory", str(self.inventory))
        command = (*where, "rotate", *arguments, "--json")
        ended = self.forked.respond(*command, killed_after=killed_after, **self.more)
        told = json.loads(ended.stdout) if ended.stdout.startswith("{") else None
        return ended.returncode, told, ended.stderr
