"""What `respond scan --run` found stands in the report of that run, and as a thing to do."""

import pytest
from page_check import faults
from tale import BEGAN
from test_report_page import HOSTILE, NOW, incident_of, page_of

from responder.journal import EventKind
from responder.report.markdown import incident_markdown

PLACE = {
    "where": "in a commit",
    "place": "prod.env",
    "commit": "0123456789abcdef0123",
    "author": "Ada Quick <ada@rentagpu.example>",
    "refs": ["main", "v1"],
}


def searched(tale, *places, total=None, missed=()):
    data = {
        "holder": {"host": "laptop", "pid": 1, "boot": "b", "user": "ada"},
        "evidence": f"{len(places)} places, in 12 objects and 3 files of /executor",
        "places": list(places),
        "total": len(places) if total is None else total,
        "not_looked_at": list(missed),
    }
    tale.now = BEGAN
    tale.journal.note(tale.run, data, EventKind.HISTORY_SCANNED)


def to_do(tale):
    return [task.what for task in incident_of(tale).tasks]


def test_where_it_still_is_is_told_with_who_brought_it_and_what_keeps_it(tale):
    tale.begin().goes_well()
    searched(tale, PLACE, total=7, missed=["pull requests' own refs"])
    page, text = page_of(tale), incident_markdown(incident_of(tale), NOW, "0.1")
    for told in (page, text):
        assert "Where else it is" in told
        assert "prod.env" in told
        assert "0123456789ab" in told
        assert "Ada Quick" in told
        assert "and 6 more" in told
    assert "main, v1" in page
    assert faults(page) == []
    assert "Decide about 7 places that still hold it." in to_do(tale)


def test_only_the_last_search_counts(tale):
    tale.begin().goes_well()
    searched(tale, PLACE)
    searched(tale)
    assert not [what for what in to_do(tale) if "still hold it" in what or "where else" in what]
    assert "prod.env" not in page_of(tale).partition('id="searches"')[2].partition("</section>")[0]


def test_that_nobody_has_searched_is_a_thing_to_do(tale):
    tale.begin().goes_well()
    assert "Find out where else it is." in to_do(tale)
    assert 'id="searches"' not in page_of(tale)


@pytest.mark.parametrize("field", ["where", "place", "commit", "author"])
def test_what_a_repository_says_of_itself_is_text_and_nothing_else(tale, field):
    tale.begin().goes_well()
    searched(tale, {**PLACE, field: HOSTILE}, missed=[HOSTILE])
    page, text = page_of(tale), incident_markdown(incident_of(tale), NOW, "0.1")
    assert "<script>alert" not in page
    assert "<img" not in page
    assert faults(page) == []
    assert "\n# big" not in text
