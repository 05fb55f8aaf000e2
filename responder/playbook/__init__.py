"""Playbooks: load, validate, expand, draw."""

from responder.playbook.document import PlaybookError
from responder.playbook.expand import Instance, expand
from responder.playbook.find import named, read
from responder.playbook.load import load
from responder.playbook.model import Option, Phase, Playbook, Step

__all__ = [
    "Instance",
    "Option",
    "Phase",
    "Playbook",
    "PlaybookError",
    "Step",
    "expand",
    "load",
    "named",
    "read",
]
