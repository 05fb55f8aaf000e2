"""Journals as rotations leave them, without playing any."""

from dataclasses import dataclass, field
from datetime import datetime

from responder.journal import EventKind, Holder, Journal


def rotation(name, *, fresh="AKIAFRESH", overlap=0, scheduled=True):
    """What run.started says of one, as far as anybody reads it here."""
    ids = ("create", "prove", "retire")
    steps = [
        {
            "id": f"{step}[{name}]",
            "title": step,
            "label": name,
            "credential": name,
            "phase": "retire" if step == "retire" else "rotate",
            "action": "none",
            "irreversible": False,
            "needs": [f"{before}[{name}]"] if before else [],
            "wait_seconds": overlap if step == "retire" else 0,
            "active": True,
        }
        for step, before in zip(ids, (None, *ids), strict=False)
    ]
    leaked = {"credential": name, "known": True, "identifier": "AKIAOLD", "life": "live", "note": ""}
    exposure = {"scheduled": scheduled, "source": "rotation", "access_keys": [leaked], "unidentified": []}
    playbook = {"name": "rotate.yaml" if scheduled else "leak.yaml"}
    return name, fresh, {"exposure": exposure, "steps": steps, "playbook": playbook}


@dataclass
class Past:
    """A journal, and what happened at which time."""

    journal: Journal
    now: datetime = field(init=False)
    who: Holder = field(init=False)
    runs: int = 0

    def at(self, when, who=None):
        self.now = when
        self.who = who or Holder("here", 1, "", "ada")
        self.journal.clock = lambda: when
        return self

    def plays(self, told, *, until="the end"):
        name, fresh, data = told
        self.runs += 1
        run = f"r{self.runs}"
        writer = self.journal.begin(run, self.who, data)
        for step in ("create", "prove", "retire"):
            made = {"identifier": fresh, "secret": None} if step == "create" else {}
            done = {"output": made, "evidence": "", "applied": True, "input": {}}
            writer.append(EventKind.STEP_SUCCEEDED, step=f"{step}[{name}]", attempt=1, data=done)
            if step == until:
                return
        writer.append(EventKind.RUN_FINISHED, data={"outcome": "succeeded"})

    def notes(self, name, identifier, made_at):
        self.journal.note(name, {"identifier": identifier, "made_at": made_at.isoformat()})


def finish(journal, run):
    writer = journal.take_up(run, Holder.current(), {})
    writer.append(EventKind.RUN_FINISHED, data={"outcome": "succeeded"})
