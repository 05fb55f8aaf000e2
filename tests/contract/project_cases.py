"""A folder of its own for every stage; what takes it out of reach is a machine that has no such folder."""

import itertools
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from case import Case, Cases, Stage

from responder.providers.project.files import FileInput

CANARY = "canary-of-a-file-beside-it"


@dataclass(frozen=True)
class Folders:
    above: Path
    numbers: itertools.count = field(default_factory=itertools.count)


@contextmanager
def folders():
    with tempfile.TemporaryDirectory() as above:
        yield Folders(Path(above))


@contextmanager
def write_file(at):
    folder = at.above / f"project-{next(at.numbers)}"
    folder.mkdir()
    (folder / ".env").write_text(CANARY)

    def world():
        return {str(one.relative_to(folder)): one.read_text() for one in folder.rglob("*") if one.is_file()}

    @contextmanager
    def cut():
        away = folder.rename(folder.with_name(f"{folder.name}-away"))
        yield
        away.rename(folder)

    given = FileInput(folder=str(folder), path=".github/workflows/deploy.yml", text="name: deploy\n")
    yield Stage(given, {}, {}, world, lambda: [CANARY], cut=cut)


CASES = Cases(open=folders, by_action={"project.write_file": Case(write_file)})
