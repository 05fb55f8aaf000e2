"""What the providers called each exchange stands in the event that followed it."""

from table import Table, playbook, step

from responder.action import exchanged, exchanges


def answering(name):
    return lambda: exchanged("aws", "iam:DoIt", name)


def test_each_event_of_a_step_carries_the_requests_that_were_answered_since_the_one_before(table: Table):
    for moment in ("before", "apply", "verify"):
        table.world.faults[f"{moment} s"].append(answering(f"id-{moment}"))
    table.start(playbook(step("s"), step("silent")))
    found = {
        (event.step, event.kind.value): [one["id"] for one in event.data.get("requests", [])]
        for event in table.journal.events()
        if event.step
    }
    assert found == {
        ("s", "step.intended"): ["id-before"],
        ("s", "step.applied"): ["id-apply"],
        ("s", "step.succeeded"): ["id-verify"],
        ("silent", "step.intended"): [],
        ("silent", "step.applied"): [],
        ("silent", "step.succeeded"): [],
    }


def test_the_playbooks_digest_is_recorded_with_its_text(table: Table):
    table.start(playbook(step("s")))
    (started, *_) = table.journal.events()
    assert len(started.data["playbook"]["sha256"]) == 64


def test_nothing_is_collected_where_nobody_asked_and_never_without_a_name():
    exchanged("aws", "iam:DoIt", "before")
    with exchanges() as seen:
        exchanged("aws", "iam:DoIt", "")
        exchanged("aws", "iam:DoIt", "within")
    exchanged("aws", "iam:DoIt", "after")
    assert [one.id for one in seen] == ["within"]


def test_of_very_many_requests_the_first_and_the_last_are_kept():
    with exchanges() as seen:
        for number in range(1000):
            exchanged("github", "GET /runs/1", str(number))
    assert len(seen) == 40
    assert [one.id for one in (seen[0], seen[19], seen[-20], seen[-1])] == ["0", "19", "980", "999"]
