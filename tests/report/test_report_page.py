import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from page_check import Page, faults
from tale import BEGAN, FRESH, KEY_ID, LEAKED, TOKEN, exposure

from responder.inventory import EXAMPLE, Inventory
from responder.journal import EventKind
from responder.report.incident import read_incident
from responder.report.integrity import read_chain
from responder.report.markdown import incident_markdown, quarter_markdown
from responder.report.page import incident_page, quarter_page
from responder.report.quarter import read_quarter
from responder.report.timeline import draw

NOW = datetime(2026, 2, 1, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> | `x` [a](javascript:1) @everyone\n# big <img src=x onerror=y>"


def incident_of(tale):
    return read_incident(tale.journal, tale.run, read_chain(tale.path))


def page_of(tale):
    return incident_page(incident_of(tale), NOW, "0.1")


def quarter_of(tale):
    inventory = Inventory.load(EXAMPLE, {}, tale.home)
    return read_quarter(tale.journal, read_chain(tale.path), inventory, "", BEGAN - timedelta(days=30), NOW)


@pytest.fixture(params=["well", "slow", "stopped", "nothing"])
def told(request, tale):
    tale.begin(exposed=exposure(note="Seen in a log.", unidentified=request.param == "stopped"))
    if request.param in ("well", "slow"):
        tale.goes_well(slow=7200.0 if request.param == "slow" else 0.0)
    elif request.param == "stopped":
        tale.proves("deactivate_key[s3]", 0.6).intends("delete_user[ci]", 1)
        tale.fails("deny_sessions[s3]", 2).fails("redeploy[web]", 3, "Ask", EventKind.STEP_PARKED)
    return tale


def test_the_page_of_a_run_is_whole_and_loads_nothing(told):
    assert faults(page_of(told)) == []


def test_the_page_over_many_runs_is_whole_and_loads_nothing(told):
    assert faults(quarter_page(quarter_of(told), NOW, "0.1")) == []


def test_the_check_itself_finds_faults():
    page = '<html><head><title>x</title></head><body><h1>a</h1><h3 id="i" onclick="x">b</h3><p id="i">'
    page += (
        '<script src="https://example.com/x.js"></script><details><p>c</p></details><th>d</th></body></html>'
    )
    found = " ".join(faults(page))
    for fault in ("script", "src=", "onclick", "h3 follows h1", "id i twice", "no summary", "no language"):
        assert fault in found
    assert "without scope" in found


def test_no_style_or_policy_lets_the_page_ask_for_anything(tale):
    page = page_of(tale.begin().goes_well())
    assert "default-src 'none'" in page
    assert "@import" not in page
    assert "url(http" not in page


def test_the_picture_has_a_text_and_a_table_that_say_the_same(tale):
    incident = incident_of(tale.begin().goes_well())
    page = Page(incident_page(incident, NOW, "0.1"))
    drawn = draw(incident)
    picture = next(given for tag, given in page.tags if tag == "svg" and given.get("role") == "img")
    assert picture["aria-labelledby"].split() == ["timeline-title", "timeline-text"]
    assert drawn.description in page.words
    for moment in drawn.moments:
        assert f"{moment.at:%H:%M:%S}" in page.words
        assert moment.what in page.words


HANGING = (
    "s3 AWS access key",
    "is held in Modal Secret app in prod (ID and SECRET)",
    "is read by Modal app executor in prod (web)",
    "ci Modal service user's token",
    "opens Modal environment prod (contributor)",
    "is held in GitHub rentagpu/executor, environment prod (ID and SECRET)",
)


def with_a_workload():
    web = exposure().workloads[0].model_copy(update={"runs_with": ("s3",)})
    return exposure().model_copy(update={"workloads": (web,)})


def test_what_hangs_on_each_credential_is_a_list_within_a_list_down_to_the_workload(tale):
    tree = page_of(tale.begin(exposed=with_a_workload()).goes_well())
    tree = tree.partition('<ul class="tree" role="list">')[2].partition("</section>")[0]
    depth, told = 1, []
    for part in re.split(r"(</?ul[^>]*>)", tree):
        depth += {"<ul": 1, "</u": -1}.get(part[:3], 0)
        texts = [" ".join(unescape(re.sub("<[^>]*>", " ", line)).split()) for line in part.split("<li>")]
        told += [(depth, text) for text in texts if text]
    # Only words between tags that touch have a space too many.
    assert [(depth, text.replace("( ", "(")) for depth, text in told] == list(
        zip((1, 2, 3, 1, 2, 2), HANGING, strict=True)
    )


def test_the_markdown_nests_what_hangs_on_each_credential_below_it(tale):
    text = incident_markdown(incident_of(tale.begin(exposed=with_a_workload()).goes_well()), NOW, "0.1")
    lines = text.splitlines()
    held = next(number for number, line in enumerate(lines) if line.startswith("  - is held in Modal Secret"))
    assert lines[held - 1].startswith("- s3 (AWS access key)")
    assert lines[held + 1] == "    - is read by Modal app executor in prod (web)"


def test_a_credential_that_the_inventory_does_not_know_hangs_nowhere_and_that_is_said(tale):
    page = Page(page_of(tale.begin(exposed=exposure(), credential=KEY_ID, known=False).goes_well()))
    assert f"{KEY_ID} AWS access key is held where nobody knows: it is not in the inventory" in page.words


def test_a_cut_in_the_line_says_how_much_is_not_drawn(tale):
    page = page_of(tale.begin().goes_well(slow=7200))
    assert "2 h not drawn" in page
    assert "cut where nothing happened" in page


def test_a_line_without_a_cut_claims_none(tale):
    page = page_of(tale.begin())
    assert "not drawn<" not in page
    assert "cut where nothing happened" not in page


@pytest.mark.parametrize("where", ["evidence", "note", "why"])
def test_text_from_outside_is_shown_as_text(tale, where):
    tale.begin(exposed=exposure(note=HOSTILE if where == "note" else ""))
    if where == "evidence":
        tale.proves("deactivate_key[s3]", 0.6, evidence=HOSTILE)
    tale.fails("deny_sessions[s3]", 2, why=HOSTILE if where == "why" else "no")
    page = page_of(tale)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert faults(page) == []
    assert "<script" not in page
    assert "<img" not in page


def test_text_from_outside_is_no_markup_in_markdown(tale):
    tale.begin(exposed=exposure(note=HOSTILE)).proves("deactivate_key[s3]", 0.6, evidence=HOSTILE)
    tale.fails("deny_sessions[s3]", 2, why=HOSTILE)
    for line in incident_markdown(incident_of(tale), NOW, "0.1").splitlines():
        prose = "".join(part for part in line.split("``")[::2])  # the rest is code
        assert "<script" not in prose.replace("\\<", "")
        assert "@everyone" not in prose
        assert "](" not in prose.replace("\\]", "")
        assert line != "# big <img src=x onerror=y>"


def test_the_markdown_has_what_the_page_has(told):
    incident = incident_of(told)
    text = incident_markdown(incident, NOW, "0.1").replace("\\", "")
    for sentence in incident.summary:
        assert sentence in text
    for moment in draw(incident).moments:
        assert moment.what in text
    for task in incident.tasks:
        assert f"- [ ] **{task.what}**" in text
    assert incident.last_hash in text


def test_each_table_of_the_markdown_is_one(told):
    texts = (incident_markdown(incident_of(told), NOW, "0.1"), quarter_markdown(quarter_of(told), NOW, "0.1"))
    for text in texts:
        lines = text.splitlines()
        for number, line in enumerate(lines):
            if line.startswith("| --- "):
                width = line.count("|")
                row = number - 1
                while row < len(lines) and lines[row].startswith("|"):
                    assert lines[row].replace("\\|", "").count("|") == width, lines[row]
                    row += 1


def test_a_page_says_loudly_that_its_journal_was_changed(tale):
    tale.begin().goes_well()
    with tale.journal.database.transaction() as connection:
        connection.execute("DROP TRIGGER events_never_go")
    page = page_of(tale)
    assert 'class="alarm"' in page
    assert "not what was written" in page


@pytest.mark.parametrize("scheduled", [False, True])
def test_what_is_too_long_for_an_issue_is_without_its_steps_and_says_so(tale, monkeypatch, scheduled):
    tale.begin(exposed=exposure().model_copy(update={"scheduled": scheduled})).goes_well()
    whole = incident_markdown(incident_of(tale), NOW, "0.1")
    assert "Deactivate the key (s3): done and proven" in whole
    monkeypatch.setattr("responder.report.markdown._MOST", len(whole) - 1)
    short = incident_markdown(incident_of(tale), NOW, "0.1")
    assert "Deactivate the key (s3): done and proven" not in short
    assert "8 steps: too long for an issue. The page has them, and `respond show r1`." in short


def test_no_secret_is_in_any_report_not_even_sealed(tale, tmp_path):
    """In a process that has never seen the values, so that nothing could mask them."""
    tale.begin().goes_well()
    sealed = [value for event in tale.journal.iterate() for value in _sealed(event.data)]
    assert len(sealed) > 3
    forms = [
        "--html a.html",
        "--md",
        "--since 3650d --md",
        "--since 3650d --json",
        "--since 3650d --html b.html",
    ]
    all_of_them = (
        "import sys; from responder.cli import cli; home, *forms = sys.argv[1:]\n"
        "for form in forms: cli(['--home', home, 'report', *form.split()], standalone_mode=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", all_of_them, str(tale.home), *forms],
        capture_output=True,
        check=True,
        timeout=100,
        cwd=tmp_path,
    )
    assert done.stdout.count(b"Leak of s3 and ci") == 1
    assert done.stdout.count(b"Credentials and incidents since") == 1
    assert done.stdout.count(b'"incidents"') == 1
    written = done.stdout + done.stderr
    written += (tmp_path / "a.html").read_bytes() + (tmp_path / "b.html").read_bytes()
    assert b"Leak of s3 and ci" in written
    for canary in (LEAKED, FRESH, TOKEN, *sealed):
        assert canary.encode() not in written


def _sealed(value):
    match value:
        case {"sealed": str(text)}:
            yield text
        case dict():
            for one in value.values():
                yield from _sealed(one)
        case list():
            for one in value:
                yield from _sealed(one)
