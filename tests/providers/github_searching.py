"""What the tests of the search on GitHub look for, and how."""

from datetime import UTC, datetime, timedelta

from responder.action import Connections
from responder.review.history.forms import Value
from responder.review.history.github import scan_github
from responder.secret import Secret

KEY, SECRET = "AKIA" + "QYLPMN5HHHFPZAM2", "1tUm636uS1yOEcfP5pvf" + "qJ/ml36mF7AkyHsEU0IU"
OF_KEY = f"secret of {KEY}"
VALUES = (Value(OF_KEY, Secret(SECRET)), Value(KEY, KEY))
LONG_AGO = datetime.now(UTC) - timedelta(days=2)


def on_github(world, token, repository="rentagpu/leaky", values=VALUES, since=LONG_AGO, url="", **more):
    environ = world.environ(token) | ({"GITHUB_API_URL": url} if url else {})
    connections = Connections(environ)
    try:
        return scan_github(connections, repository, values, since, **more)
    finally:
        connections.close()


def searched(*arguments, **more):
    return on_github(*arguments, **more).searched


def of(found, what):
    return [(one.value, one.place) for one in found.seen if one.what == what]
