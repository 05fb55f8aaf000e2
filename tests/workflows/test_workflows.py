"""rotate.yml and check.yml as GitHub runs them, against the three services."""

import json
import re

import pytest
from automated import FOLDER, a_company, log

from responder.journal.note import Signer
from responder.sandbox import seed
from responder.secret import Secret


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    with a_company(tmp_path_factory.mktemp("company")) as company:
        yield company


def keys(company):
    (owner,) = [user for user in company.aws.world()["users"] if user["name"] == seed.KEY_OWNER]
    return {one["access_key_id"]: one for one in owner["access_keys"]}


def waits_for_prod(run):
    return run["status"] == "waiting" and run["title"].startswith("Deploy prod")


def test_what_a_cut_off_start_left_the_next_goes_on_with_by_the_journal_in_s3(company):
    (old,) = keys(company)
    first, second = company.starts("rotate.yml"), company.starts("rotate.yml")
    deploy = company.wait(waits_for_prod, "nothing waits for the reviewer")
    assert company.run(second)["status"] == "pending", "two starts never overlap"
    assert len(keys(company)) == 2, "both work until the fresh one is proven everywhere"
    company.cancel(first)
    assert company.ends(first)[0] == "cancelled"

    company.approve(deploy["id"])
    conclusion, told = company.ends(second)
    assert conclusion == "success", told
    ((fresh, key),) = keys(company).items()
    assert f"s3: Replaced by {fresh}; the old one, {old}, is gone, by its provider's list" in told
    pair = {"AWS_ACCESS_KEY_ID": fresh, "AWS_SECRET_ACCESS_KEY": key["secret_access_key"]}
    assert all(secret["values"].items() >= pair.items() for secret in company.modal.world()["secrets"])

    conclusion, told = company.ends(company.starts("rotate.yml"))
    assert (conclusion, list(keys(company))) == ("success", [fresh]), told
    assert "Nothing is due. Next: s3 on " in told
    assert_signed_in_by_githubs_word(company)
    assert_nothing_secret_in_any_log(company, key["secret_access_key"])
    assert_read_from_a_laptop(company, fresh)


def assert_signed_in_by_githubs_word(company):
    """No key of the operator's is anywhere at GitHub."""
    assert [one for one in company.aws.world()["sessions"] if one["owner"] == "respond-rotation"]
    assert not any(value.startswith("AKIA") for value in company.kept.values())


def assert_nothing_secret_in_any_log(company, made):
    logs = "\n".join(line for run in company.runs() for line in log(run))
    for value in (made, *company.kept.values()):
        assert value not in logs


def assert_read_from_a_laptop(company, fresh):
    """By who shares the journal; of the runners' disks nothing is left."""
    (run,) = map(json.loads, company.respond("runs", "--json").splitlines())
    assert (run["outcome"], [one["fresh"] for one in run["credentials"]]) == ("succeeded", [fresh])
    assert fresh in company.respond("show")
    key = Signer.parse(Secret(company.kept["RESPOND_AUDIT_KEY"])).verifier
    assert "anchored outside" in company.respond("audit", "verify", "--anchor", "--key", str(key))
    told = company.respond("audit", "log", "--run", run["run"], "--json")
    assert ":assumed-role/respond-rotation/rotate-" in told, "who did it: the role, and which job"
    assert fresh in company.respond("report", run["run"], "--md")


def test_everything_is_checked_on_a_schedule_and_what_failed_is_kept_as_sarif(company):
    conclusion, told = company.ends(company.starts(showing(company, "check.yml", "cat check.svg")))
    assert conclusion == "failure"
    failed = {line.split("  ")[-1] for line in told.splitlines() if line.startswith("fail ")}
    assert "isolation" in failed, "both environments run with one key"
    assert rules(told) == {f"respond/{point}" for point in failed}
    counted = re.search(r"^(\d+) pass, \d fail, 0 cannot tell$", told, re.MULTILINE)
    assert counted, "to read is enough"
    assert f"<title>respond check: {counted[1]} of " in told, "the badge"


def test_of_a_pull_request_only_the_files_are_checked_and_no_secret_is_there(company):
    key, secret = "AKIA6RVFFB776YC3S4GH", "q8Zr1vXk0aTn5cLw7dMf2gPs9hJb4eYu6iOxQzRv"
    workflow = showing(company, "check.yml", "env | sort")
    leaked = {"config.ini": f"AWS_ACCESS_KEY_ID={key}\nAWS_SECRET_ACCESS_KEY={secret}\n".encode()}
    company.commit(leaked, branch="leaking")
    company.commit({}, branch="clean")
    run = company.starts(workflow, "pull_request", branch="leaking")
    conclusion, told = company.ends(run)
    assert conclusion == "failure"
    assert f"config.ini holds the aws-access-key {key} with its secret." in told
    assert rules(told) == {"respond/plaintext"}
    assert {job["key"]: job["conclusion"] for job in company.run(run)["jobs"]} == {
        "files": "failure",
        "everything": "skipped",
    }
    assert not re.search("RESPOND_|MODAL_TOKEN|GITHUB_TOKEN|ID_TOKEN", told)
    assert company.ends(company.starts(workflow, "pull_request", branch="clean"))[0] == "success"


def showing(company, workflow, what="true"):
    """Beside it, a workflow that ends with showing what it would have uploaded."""
    name = f"showing-{workflow}"
    step = f"      - if: always()\n        run: {what}; python -c \"print(*open('check.sarif'))\"\n"
    text = company.files()[f"{FOLDER}/{workflow}"].decode()
    text = re.sub(r"( +category: .*\n)", rf"\1{step}".replace("\\", "\\\\").replace("\\\\1", "\\1"), text)
    company.commit({f"{FOLDER}/{name}": text.encode()})
    return name


def rules(told):
    """Of what failed, by the SARIF that is in the log."""
    found, _ = json.JSONDecoder().raw_decode(told[told.index("{\n") :])
    return {one["ruleId"] for run in found["runs"] for one in run["results"]}


def test_a_pull_request_that_asks_for_an_environment_of_main_gets_none_of_what_it_holds(company):
    theirs = b"on: pull_request\njobs: {one: {runs-on: x, environment: rotation, steps: [{run: env}]}}\n"
    company.commit({f"{FOLDER}/theirs.yml": theirs})
    company.commit({}, branch="theirs")
    conclusion, told = company.ends(company.starts("theirs.yml", "pull_request", branch="theirs"))
    assert conclusion == "failure"
    assert told.startswith("Branch 'refs/pull/1/merge' is not allowed to deploy to rotation")
