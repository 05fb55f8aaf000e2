"""What hangs on a leaked credential is seen before anything is confirmed: where it is kept, what runs."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from responder.beyond import Widened, of_named
from responder.cli.plan_screen import exposure_screen
from responder.cli.profile_screen import profiles_screen
from responder.exposure import LeakedAccessKey
from responder.found import Kind
from responder.inventory import EXAMPLE, Inventory
from responder.profile import Profile

KEY = "AKIA" + "B" * 16
KEPT, READ = (
    "is held in Modal Secret my-app-secrets in prod",
    "└── is read by Modal app rentagpu-executor in prod",
)


@pytest.fixture
def inventory(tmp_path):
    return Inventory.load(EXAMPLE, {}, tmp_path)


def known(inventory, named):
    return Widened(of_named(named, inventory), frozenset())


def leak_screen(inventory, life):
    key = LeakedAccessKey(credential="s3", known=True, identifier=KEY, life=life, user="rentagpu-s3")
    return exposure_screen(inventory.exposure("prod.env", datetime.now(UTC), [key]))


def identify_screen(inventory, life, where="prod.env"):
    seen = {"what": "AWS access key", "kind": Kind.AWS_ACCESS_KEY, "where": where, "secret_seen": True}
    one = Profile(**seen, identifier=KEY, credential="s3", life=life)
    return profiles_screen([one], [], "prod.env", known(inventory, {KEY: "s3"}))


def lines(screen):
    out = io.StringIO()
    Console(file=out, width=80).print(screen)
    return [line.strip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("screen", [leak_screen, identify_screen])
def test_where_a_living_credential_is_kept_and_what_runs_with_it_is_drawn_at_80_columns(screen, inventory):
    shown = [line.removeprefix("reaches").strip() for line in lines(screen(inventory, "live"))]
    kept = next(number for number, line in enumerate(shown) if line.startswith(KEPT))
    assert any(line.startswith(READ) for line in shown[kept + 1 : kept + 3])
    assert not any("runs with it" in line for line in shown)


@pytest.mark.parametrize("screen", [leak_screen, identify_screen])
def test_nothing_is_reached_with_a_dead_one(screen, inventory):
    assert not any("is held in" in line for line in lines(screen(inventory, "dead")))


def test_of_what_the_inventory_gives_no_place_that_is_said(inventory):
    bare = inventory.credentials["s3"].model_copy(update={"modal_secrets": (), "github_environments": ()})
    alone = inventory.model_copy(update={"credentials": {"s3": bare}, "workloads": ()})
    assert "reaches    nothing that the inventory knows" in lines(identify_screen(alone, "live"))


@pytest.mark.parametrize(
    ("source", "says"),
    [("prod.env", "Exposed in prod.env"), ("command line", "Exposed, named on the command line")],
)
def test_where_it_was_seen_is_said_in_words(source, says, inventory):
    exposure = inventory.exposure(source, datetime.now(UTC), [])
    assert lines(exposure_screen(exposure))[0] == says
    assert lines(profiles_screen([], [], source, known(inventory, {})))[0] == says


def test_a_path_with_brackets_is_shown_as_it_is(inventory):
    shown = lines(identify_screen(inventory, "live", "pages/[id]/[/x].ts"))
    assert "seen       pages/[id]/[/x].ts, with its secret" in shown


def test_on_a_narrow_terminal_what_goes_on_in_the_next_line_stands_below_its_beginning(inventory):
    out = io.StringIO()
    Console(file=out, width=40).print(leak_screen(inventory, "live"))
    _, *found = out.getvalue().splitlines()
    at = found[0].index(KEY)
    assert found[1].strip() == "rentagpu-s3  (s3)"
    assert found[1].index("rentagpu-s3") == at
