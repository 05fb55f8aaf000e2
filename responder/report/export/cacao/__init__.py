"""CACAO v2.0: playbooks as other orchestrators read them, and a run's record beside its playbook."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from responder.report.export.cacao.execution import of_records
from responder.report.export.cacao.playbook import of_playbook
from responder.report.record import Record

__all__ = ["of_playbook", "of_records", "run_lines", "text_of"]


def run_lines(records: Iterable[Record]) -> Iterator[str]:
    """One JSON object, `playbook` and `execution`, of the records of one run."""
    yield text_of(of_records(records))


def text_of(made: dict[str, Any]) -> str:
    return json.dumps(made, indent=2, ensure_ascii=False)
