import pytest
from tale import KEY_ID, exposure

from responder.exposure import Exposure, Workflow, Workload
from responder.report.reach import reach_of

WEB = Workload(
    name="web",
    app="executor",
    environment="prod",
    function="identity",
    runs_with=("s3",),
    deployed_with=("ci",),
    workflow=Workflow(repository="rentagpu/executor", file="deploy.yml"),
)
SECRET = "Modal Secret app in prod"
ENVIRONMENT = "GitHub rentagpu/executor, environment prod"
APP = "Modal app executor in prod"


def exposed(*workloads, **more) -> Exposure:
    return exposure().model_copy(update={"workloads": workloads, **more})


def told(reach):
    return [f"{edge.source.label} {edge.how} {edge.target.label}" for edge in reach.edges]


def test_from_each_credential_one_gets_to_its_places_and_from_these_to_what_runs_with_them():
    assert told(reach_of(exposed(WEB))) == [
        f"s3 is held in {SECRET}",
        f"{SECRET} is read by {APP}",
        "ci opens Modal environment prod",
        f"ci is held in {ENVIRONMENT}",
        f"{ENVIRONMENT} deploys {APP}",
    ]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"environment": "dev"}, [f"s3 is read by {APP[:-4]}dev", f"ci deploys {APP[:-4]}dev"]),
        ({"workflow": None}, [f"ci deploys {APP}"]),
    ],
)
def test_a_workload_that_no_known_place_leads_to_is_not_lost(changed, expected):
    edges = told(reach_of(exposed(WEB.model_copy(update=changed))))
    assert [one for one in edges if one in expected] == expected


def test_a_workload_of_other_credentials_hangs_on_none_of_these():
    other = WEB.model_copy(update={"runs_with": ("s4",), "deployed_with": ()})
    assert not any(APP in edge for edge in told(reach_of(exposed(other))))


def test_two_values_of_one_credential_each_lead_to_its_places_which_are_told_once():
    (key,) = exposure().access_keys
    spare = key.model_copy(update={"identifier": "AKIA2", "spare": True})
    reach = reach_of(exposed(WEB, access_keys=(key, spare)))
    (held,) = reach.of(reach.credential(KEY_ID))
    (again,) = reach.of(reach.credential("AKIA2"))
    assert (again.source.label, again.target) == ("AKIA2", held.target)
    assert len(reach.of(held.target)) == 1


def test_the_journal_tells_the_same_as_the_exposure_did(tale):
    tale.begin(exposed=exposed(WEB))
    recorded = tale.journal.events(tale.run)[0].data["exposure"]
    assert reach_of(recorded) == reach_of(exposed(WEB))
