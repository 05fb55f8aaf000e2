"""`--format ocsf`: events that a security data lake takes, valid by OCSF's own schema."""

import json
from functools import cache

import pytest
from exporting import export
from incident_record import (
    LEAKED_KEY,
    LEAKED_USER,
    UNIDENTIFIED,
    Player,
    look,
    play_incident,
    play_undo,
    started,
)
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from responder.journal import EventKind, Holder
from responder.report.export.ocsf.envelope import VERSION

TAKER = Holder("desk", 12, "b n 2", "grace")
VERSIONS = (VERSION, "1.8.0")
LIFE = {
    "aws.deactivate_access_key": 300409,
    "modal.delete_service_user": 300404,
    "aws.create_access_key": 300401,
    "aws.delete_access_key": 300404,
}


@cache
def schemas(version: str) -> OcsfJsonSchemaEmbedded:
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(version))


@cache
def validator(version: str, class_uid: int) -> Draft202012Validator:
    known = schemas(version)
    return Draft202012Validator(known.get_class_schema(known.lookup_class_name_from_uid(class_uid), ["host"]))


def mistakes(event: dict, version: str) -> list[str]:
    """Also what the schema does not tell: a `type_uid` that is not the class's and activity's."""
    found = [
        f"{'/'.join(map(str, e.path))}: {e.message}"
        for e in validator(version, event["class_uid"]).iter_errors(event)
    ]
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        found.append(f"type_uid is {event['type_uid']}")
    if event["category_uid"] != event["class_uid"] // 1000:
        found.append(f"category_uid is {event['category_uid']}")
    return found


def events(path, *words) -> list[dict]:
    result = export(path, "--format", "ocsf", *words)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def of_class(some: list[dict], class_uid: int) -> list[dict]:
    return [one for one in some if one["class_uid"] == class_uid]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_event_is_valid_and_every_class_occurs(journal, path, holder, version):
    play_incident(journal, "r1", holder, TAKER)
    look(journal, "r1", holder, "held", "lost", "re-applied", "unknown")
    play_undo(journal, "r1", holder)
    made = events(path)
    for event in made:
        assert mistakes(event, version) == []
    assert {one["class_uid"] for one in made} == {2004, 2005, 2006, 7001, 3004, 3001, 6003}


def test_the_check_of_these_tests_finds_what_it_is_for(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    event = events(path)[0]
    for spoilt in (
        {**event, "mood": 1},
        {**event, "type_uid": 200502},
        {k: v for k, v in event.items() if k != "time"},
    ):
        assert mistakes(spoilt, VERSION)


def test_a_run_opens_updates_and_closes_one_incident_over_all_that_leaked(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    incident = of_class(events(path), 2005)
    assert [one["type_uid"] for one in incident] == [200501, 200502, 200502, 200503]
    assert {one["metadata"]["correlation_uid"] for one in incident} == {"r1"}
    assert {len(one["finding_info_list"]) for one in incident} == {3}
    assert [one["assignee"]["name"] for one in incident] == ["ada", "grace", "grace", "grace"]
    assert (incident[0]["status"], incident[-1]["status"]) == ("In Progress", "Resolved")
    assert "grace@desk" in incident[1]["message"]


def test_each_leaked_credential_is_a_finding_by_its_identifier_and_its_fingerprint(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    findings = of_class(events(path), 2006)
    opened = [one for one in findings if one["type_uid"] == 200601]
    assert [one["resources"][0]["uid"] for one in opened][:2] == [
        LEAKED_KEY["identifier"],
        LEAKED_USER["identifier"],
    ]
    assert opened[0]["resources"][0]["data"] == {"secret_fingerprint": LEAKED_KEY["secret"]["fingerprint"]}
    closed = [one for one in findings if one["type_uid"] == 200603]
    assert [one["finding_info"]["uid"] for one in closed] == [one["finding_info"]["uid"] for one in opened]


@pytest.mark.parametrize("outcome", ["succeeded", "not contained"])
def test_an_incident_that_left_something_alive_stays_open_whatever_its_last_event_says(
    journal, path, holder, outcome
):
    play_incident(journal, "r1", holder, TAKER, life="unknown", outcome=outcome)
    made = events(path)
    last = of_class(made, 2005)[-1]
    assert (last["activity_name"], last["status"], last["severity"]) == ("Update", "In Progress", "High")
    assert UNIDENTIFIED["identifier"] in last["message"]
    closed = [one["resources"][0]["uid"] for one in of_class(made, 2006) if one["status"] == "Resolved"]
    assert closed == [LEAKED_KEY["identifier"], LEAKED_USER["identifier"]]
    assert all(mistakes(event, VERSION) == [] for event in made)


def test_a_run_that_says_it_contained_not_all_is_believed_where_the_steps_show_nothing_alive(
    journal, path, holder
):
    play_incident(journal, "r1", holder, TAKER, outcome="not contained")
    assert of_class(events(path), 2005)[-1]["status"] == "In Progress"


def test_what_leaked_is_open_again_when_its_containment_is_lost_and_resolved_when_it_holds(
    journal, path, holder
):
    play_incident(journal, "r1", holder, TAKER)
    before = len(events(path))
    look(journal, "r1", holder, "held", "lost", "unknown", "re-applied")
    turned = of_class(events(path)[before:], 2006)
    assert [(one["activity_name"], one["status"]) for one in turned] == [
        ("Update", "In Progress"),
        ("Close", "Resolved"),
    ]
    assert {one["resources"][0]["uid"] for one in turned} == {LEAKED_KEY["identifier"]}


def test_each_end_of_a_step_is_a_remediation_with_its_time_its_try_and_its_outcome(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    done = {one["command_uid"]: one for one in of_class(events(path), 7001)}
    kinds = {
        "r1/deactivate_key[s3]/1": ("Isolate", "Success"),
        "r1/delete_service_user[ci-prod]/1": ("Evict", "Success"),
        "r1/create_key[s3]/1": ("Harden", "Failure"),
        "r1/create_key[s3]/2": ("Harden", "Success"),
        "r1/recheck_key[s3]/1": ("Isolate", "Parked"),
        "r1/verify_workload[s3]/1": ("Detect", "Success"),
        "r1/redeploy_from_here[s3]/1": ("Restore", "Skipped"),
    }
    assert {key: (done[key]["activity_name"], done[key]["status"]) for key in kinds} == kinds
    deactivated = done["r1/deactivate_key[s3]/1"]
    assert deactivated["duration"] == 2000
    assert deactivated["end_time"] - deactivated["start_time"] == 2000
    assert deactivated["remediation"]["desc"] == "Deactivate key (s3)"
    assert deactivated["message"] == "iam:ListAccessKeys: it is Inactive (request 7a2e)"
    assert done["r1/create_key[s3]/1"]["status_code"] == "denied"


def test_what_happened_to_keys_and_users_is_their_life_and_what_was_only_looked_at_is_not(
    journal, path, holder
):
    play_incident(journal, "r1", holder, TAKER)
    made = events(path)
    life = of_class(made, 3004)
    assert [one["type_uid"] for one in life] == list(LIFE.values())
    assert [one["entity"]["uid"] for one in life] == [
        LEAKED_KEY["identifier"],
        LEAKED_USER["identifier"],
        "AKIARZPUZDIKCFUZDN4I",
        LEAKED_KEY["identifier"],
    ]
    (policy,) = of_class(made, 3001)
    assert (policy["type_uid"], policy["user"]["name"]) == (300107, "rentagpu-s3")
    sources = {one["metadata"]["sequence"]: one for one in made if one["class_uid"] in (3001, 3004)}
    looked = [e.seq for e in journal.events() if e.kind is EventKind.STEP_SUCCEEDED and not e.data["applied"]]
    assert looked
    assert not sources.keys() & set(looked)


def test_each_request_that_its_provider_has_a_name_for_can_be_matched_with_the_providers_log(
    journal, path, holder
):
    play_incident(journal, "r1", holder, TAKER)
    first, second, *_ = of_class(events(path), 6003)
    assert (first["api"]["operation"], first["api"]["request"]["uid"]) == ("iam:UpdateAccessKey", "6f1d")
    assert (first["activity_name"], second["activity_name"]) == ("Update", "Read")
    assert first["src_endpoint"] == {"hostname": "laptop"}


def test_every_event_leads_back_to_its_line_of_the_journal_and_to_who_did_it(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    lines = {event.seq: event for event in journal.events()}
    made = events(path)
    for one in made:
        line = lines[one["metadata"]["sequence"]]
        assert one["unmapped"]["hash"] == line.hash
        assert one["time"] == round(line.at.timestamp() * 1000)
        assert one["unmapped"]["operator"]["aws"].endswith("user/respond-operator")
    assert len({one["metadata"]["uid"] for one in made}) == len(made)


def test_a_part_of_the_time_still_knows_what_the_run_is_about(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    closing = events(path, "--since", f"{journal.head().at:%Y-%m-%dT%H:%M:%S}")
    assert [one["type_uid"] for one in closing] == [200503, 200603, 200603, 200603]
    assert len(closing[0]["finding_info_list"]) == 3


def test_an_undo_is_a_restoration_with_its_effects_and_closes_the_incident_unresolved(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    before = len(events(path))
    play_undo(journal, "r1", holder)
    made = events(path)[before:]
    assert [(one["activity_name"], one["status"]) for one in of_class(made, 7001)] == [
        ("Restore", "Success"),
        ("Restore", "Success"),
        ("Restore", "Failure"),
    ]
    (enabled,) = of_class(made, 3004)  # not for what had been given back before
    assert (enabled["type_uid"], enabled["entity"]["uid"]) == (300408, LEAKED_KEY["identifier"])
    assert of_class(made, 3001) == []
    assert [one["status"] for one in of_class(made, 2005)] == ["In Progress", "In Progress", "partly undone"]
    (open_again,) = of_class(made, 2006)
    assert (open_again["activity_name"], open_again["status"]) == ("Update", "In Progress")
    assert open_again["resources"][0]["uid"] == LEAKED_KEY["identifier"]


def test_a_later_look_is_a_detection_and_a_stranger_beside_a_leaked_key_is_an_alert(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    before = len(events(path))
    look(journal, "r1", holder, "held", "lost", "re-applied", "unknown")
    made = events(path)[before:]
    assert [(one["activity_name"], one["status"], one["severity"]) for one in of_class(made, 7001)] == [
        ("Detect", "Success", "Informational"),
        ("Detect", "Failure", "Medium"),
        ("Detect", "Re-applied", "Medium"),
        ("Detect", "Unknown", "Medium"),
    ]
    (alert,) = of_class(made, 2004)
    assert (alert["resources"][0]["uid"], alert["severity"]) == ("AKIASTRANGER", "High")


def test_a_run_that_is_not_over_has_an_open_incident(journal, path, holder):
    Player(journal, "r1", holder)
    assert [one["type_uid"] for one in events(path)] == [200501, 200601, 200601, 200601]


def _begun(journal, holder, playbook, **exposed):
    data = started(journal.clock())
    data["playbook"]["name"] = playbook
    data["exposure"] |= exposed
    writer = journal.begin("r9", holder, data)
    evidence = {"action": "x", "applied": True, "evidence": "It is so.", "output": {}}
    writer.append(EventKind.STEP_SUCCEEDED, step="deactivate_key[s3]", attempt=1, data=evidence)


@pytest.mark.parametrize(
    ("playbook", "source", "scheduled"),
    [("rotate.yaml", "rotation", True), ("offboard.yaml", "the offboarding of sam", False)],
)
def test_what_is_no_incident_is_no_finding_and_its_steps_are_told(
    journal, path, holder, playbook, source, scheduled
):
    _begun(journal, holder, playbook, source=source, scheduled=scheduled)
    told = events(path)
    assert {one["category_uid"] for one in told} & {2} == set()
    assert of_class(told, 7001)


def test_what_a_broken_platform_held_is_exposed_by_that_and_leaked_nowhere(journal, path, holder):
    _begun(journal, holder, "breach.yaml", source="the breach of GitHub")
    found = of_class(events(path), 2006)
    assert found[0]["message"].endswith("exposed by the breach of GitHub")
    assert found[0]["finding_info"]["title"].endswith(" exposed")
    assert [mistake for one in found for mistake in mistakes(one, VERSION)] == []
