import itertools

import pytest
from shared_account import BUCKET, Account, Place

from responder.journal import Holder
from responder.sandbox.aws import AwsPlane
from responder.sandbox.faults import Faults

_numbers = itertools.count()


@pytest.fixture(scope="module")
def running_account():
    faults = Faults()
    plane = AwsPlane(account="888888888888", faults=faults)  # two planes in one process need two numbers
    plane.add_bucket(BUCKET)
    operator = plane.add_administrator("respond-operator")
    environ = {
        "AWS_ENDPOINT_URL": plane.start(),
        "AWS_ACCESS_KEY_ID": operator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": operator.secret_access_key,
    }
    yield Account(plane, faults, environ)
    plane.stop()


@pytest.fixture
def account(running_account):
    yield running_account
    running_account.faults.clear()


@pytest.fixture
def place(account, tmp_path):
    return Place(account, f"journals/{next(_numbers)}.db", tmp_path)


@pytest.fixture
def ci():
    return Holder("runner-1", 17, "b n 1", "runner")


@pytest.fixture
def laptop():
    return Holder("laptop", 4711, "b n 1", "ada")
