"""`respond sandbox up --fault --latency --fights-back`, and the rules of a sandbox that is running."""

import time

import pytest
import requests
from incident import PATIENCE, RESPOND, RunningSandbox

START = ["github:POST dispatches:503*1", "modal:SecretGetOrCreate:503"]  # the first deployment would meet one
LATENCY = 0.05  # seconds
USER = "rentagpu-s3"
CONTAIN = f"""
import sys, time, boto3
start = time.monotonic()
boto3.client("sts").get_caller_identity()
print(time.monotonic() - start)
iam = boto3.client("iam")
iam.update_access_key(UserName="{USER}", AccessKeyId=sys.argv[1], Status="Inactive")
deny = '{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Action": "*", "Resource": "*"}}}}'
iam.put_user_policy(UserName="{USER}", PolicyName="first", PolicyDocument=deny)
while "first" in iam.list_user_policies(UserName="{USER}")["PolicyNames"]:
    time.sleep(0.01)
iam.put_user_policy(UserName="{USER}", PolicyName="second", PolicyDocument=deny)
"""


@pytest.fixture(scope="module")
def stormy(tmp_path_factory):
    weather = [f"--fault={rule}" for rule in START]
    options = [*weather, "--latency", str(LATENCY * 1000), "--fights-back"]
    sandbox = RunningSandbox.start(tmp_path_factory.mktemp("stormy"), options=options)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def http():
    """Without the tester's proxies."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def rules(stormy, http):
    """Asks the running sandbox for its rules, or changes them until the test ends."""

    def ask(method="GET", body=None):
        return http.request(method, f"{stormy.urls['github']}/_sandbox/faults", json=body, timeout=PATIENCE)

    yield ask
    ask("DELETE")
    ask("POST", START)


@pytest.fixture
def user(stormy, http):
    """Asks GitHub who the operator is; gives the status."""
    headers = {"Authorization": f"Bearer {stormy.env['GITHUB_TOKEN']}"}
    url = f"{stormy.urls['github']}/user"
    return lambda: http.get(url, headers=headers, timeout=PATIENCE).status_code


def listed(*lines):
    return [{"rule": line, "happened": 0} for line in lines]


def test_the_rules_of_the_command_line_hold_from_when_it_is_up_and_no_sooner(stormy, rules):
    assert rules().json() == listed(*START)
    assert {app["environment"] for app in stormy.world()["modal"]["apps"]} == {"dev", "prod"}


def test_rules_come_and_go_while_it_runs_until_a_reset(stormy, rules, user, http):
    assert rules("DELETE").status_code == 204
    assert rules().json() == []
    assert rules("POST", ["github:GET user:500*1", "aws:down"]).status_code == 204
    assert [user(), user()] == [500, 200]
    assert [rule["happened"] for rule in rules().json()] == [1, 0]
    assert stormy.world()["faults"] == rules().json()
    with pytest.raises(requests.ConnectionError, match="refused"):
        http.get(stormy.urls["aws"], timeout=PATIENCE)
    stormy.reset()
    assert rules().json() == listed(*START)
    assert http.get(stormy.urls["aws"], timeout=PATIENCE).status_code == 403


def test_the_rules_can_be_cleared_when_everything_else_is_down(rules, user):
    rules("POST", ["*:down"])
    with pytest.raises(requests.ConnectionError, match="reset"):
        user()
    rules("DELETE")
    assert user() == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (["aws:503", "aws:stal=3"], "Did you mean `stall`?"),
        ("aws:503", "A JSON list of rules is needed"),
        ([503], "A JSON list of rules is needed"),
    ],
)
def test_a_list_with_something_wrong_in_it_changes_nothing(rules, body, said):
    refused = rules("POST", body)
    assert (refused.status_code, said in refused.text) == (400, True)
    assert rules().json() == listed(*START)


def test_the_intruder_of_the_command_line_tries_once_and_every_answer_is_late(stormy):
    assert stormy.world()["intruder"] == []
    (key,) = owner(stormy.world())["access_keys"]
    contained = stormy.run("python", "-c", CONTAIN, key["access_key_id"])
    assert contained.returncode == 0, contained.stderr
    assert float(contained.stdout) >= LATENCY
    world = stormy.world()
    assert [deed["did"] for deed in world["intruder"]] == ["detached policy", "activated key", "created key"]
    assert all(abs(deed["at"] - time.time()) < PATIENCE for deed in world["intruder"])
    assert [key["status"] for key in owner(world)["access_keys"]] == ["Active", "Active"]
    assert "second" in owner(world)["inline_policies"]
    stormy.reset()
    assert stormy.world()["intruder"] == []


def owner(world):
    return next(user for user in world["aws"]["users"] if user["name"] == USER)


def test_a_rule_that_cannot_be_stops_the_command_before_anything_is_started(stormy):
    refused = stormy.run(*RESPOND, "sandbox", "up", "--port", "0", "--fault", "aws:CreateAccesKey:500")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Did you mean `CreateAccessKey`?" in refused.stderr
