import json
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, FormatChecker

from responder.report.export.sarif import Found, Rule, Where, sarif
from responder.secret import Secret

SCHEMA = json.loads((Path(__file__).parent / "data/sarif-2.1.0/sarif-2.1.0-rtm.5.json").read_text())
KEY = Rule("respond/aws-access-key", "AwsAccessKey", "An AWS access key.", "Type `respond leak`.")
TOKEN = Rule("respond/modal-token", "ModalToken", "A Modal token.", "Type `respond leak`.", "warning", 6.5)
SEEN = Found(
    KEY.id,
    "AKIARZPUZDIKBBGIPCNN, which is live.",
    Where("./deploy/prod env.txt", 12, 5, "3f9a2c7"),
    "sha256:9208ff810916",
    also=(Where("https://github.com/rentagpu/executor/issues/7?a=b#issuecomment-1"),),
    properties=(("life", "live"),),
)


def valid(log):
    Draft4Validator(SCHEMA, format_checker=FormatChecker()).validate(log)
    (run,) = log["runs"]
    return run


@pytest.mark.parametrize("findings", [[], [SEEN], [SEEN, Found(TOKEN.id, "One.", Where("a"), "f")]])
def test_a_log_is_as_the_schema_says_with_nothing_found_and_with_all_that_a_finding_may_have(findings):
    run = valid(sarif(findings, "1.2.3", [KEY, TOKEN]))
    assert run["tool"]["driver"]["version"] == "1.2.3"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [KEY.id, TOKEN.id]
    assert len(run["results"]) == len(findings)


def test_a_finding_says_where_and_since_which_commit_and_is_known_again():
    (result,) = valid(sarif([SEEN], "1.2.3", [TOKEN, KEY]))["results"]
    (place,) = result["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "deploy/prod%20env.txt", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12, "startColumn": 5},
    }
    assert place["properties"] == {"commit": "3f9a2c7"}
    (other,) = result["relatedLocations"]
    assert other == {"physicalLocation": {"artifactLocation": {"uri": SEEN.also[0].uri}}}
    assert (result["ruleIndex"], result["level"]) == (1, "error")
    assert result["partialFingerprints"]["primaryLocationLineHash"] == SEEN.fingerprint
    assert result["properties"] == {"life": "live"}


def test_a_path_with_anything_in_its_name_is_still_a_reference_to_that_file():
    odd = Found(KEY.id, "One.", Where("ä: 100%#1?.txt"), "f")
    (result,) = valid(sarif([odd], "1", [KEY]))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "%C3%A4%3A%20100%25%231%3F.txt"


def test_a_scan_that_could_not_look_everywhere_does_not_pass_for_a_clean_one():
    (whole,) = valid(sarif([], "1", [KEY]))["invocations"]
    (partly,) = valid(sarif([], "1", [KEY], ["GitHub did not answer for the issues."]))["invocations"]
    assert (whole["executionSuccessful"], partly["executionSuccessful"]) == (True, False)
    (why,) = partly["toolExecutionNotifications"]
    assert why["message"]["text"] == "GitHub did not answer for the issues."


def test_no_value_that_we_hold_is_in_it():
    canary = "canary-4f1d2b7a9c3e"
    held = Secret(canary)
    told = Found(KEY.id, f"It is {canary}.", Where(f"{canary}.env"), "f", properties=(("line", canary),))
    assert canary not in json.dumps(sarif([told], "1", [KEY], [f"{canary} was not read."]))
    assert held.reveal() == canary


def test_a_finding_of_a_rule_that_is_not_described_is_refused():
    with pytest.raises(ValueError, match=TOKEN.id):
        sarif([Found(TOKEN.id, "One.", Where("a"), "f")], "1", [KEY])
