"""Reports as one HTML file: nothing in it is loaded from anywhere, and no script runs."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from responder.duration import in_words
from responder.report import words
from responder.report.steps import PHASES
from responder.report.timeline import draw

if TYPE_CHECKING:
    from datetime import datetime

    from responder.report.incident import Incident
    from responder.report.quarter import Quarter

__all__ = ["incident_page", "quarter_page"]

_TEMPLATES = Path(__file__).parent / "html"


def incident_page(incident: "Incident", made_at: "datetime", version: str) -> str:
    """The report of a run. Whatever text the journal holds is shown as text."""
    return _render(
        "rotation.html.j2" if incident.rotation else "incident.html.j2",
        incident=incident,
        timeline=draw(incident),
        phases=[phase for phase in PHASES if any(s.phase == phase for s in incident.active_steps)],
        made_at=made_at,
        version=version,
    )


def quarter_page(quarter: "Quarter", made_at: "datetime", version: str) -> str:
    """The report over many runs."""
    return _render("quarter.html.j2", quarter=quarter, made_at=made_at, version=version)


def _render(template: str, **values: Any) -> str:  # noqa: ANN401  # what a template needs
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Any] = {
        "elapsed": words.elapsed,
        "clock": words.clock,
        "day": words.day,
        "day_and_time": words.day_and_time,
        "counted": words.counted,
        "listing": words.listing,
        "kind": words.kind,
        "in_words": in_words,
    }
    environment.filters.update(filters)
    return environment
