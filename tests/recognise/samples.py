"""Credentials by form, which open nothing, and what is seen of them in a text."""

from responder.found import Kind
from responder.recognise import recognise

AKIA, AWS_SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY9"[:40]
AKIA2, AWS_SECRET2 = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
AK, AS = "ak-Q3kT9vXb2LmR8sWn5YpZ1c", "as-7HdJ4gKf6MtVq2RxN9sLwB"
AK2, AS2 = "ak-B8nC5mX1zL7kJ4hG2fD9sA", "as-P0oI9uY8tR7eW6qM5nB4vC"
ASIA, TOKEN = "ASIAIOSFODNN7EXAMPLE", "IQoJb3JpZ2luX2VjEJr//////////wEa" + "aB3/dE5+gH7jK9mN1pQ3" * 20 + "=="
WK, WS = "wk-T5yU6iO7pA8sD9fG1hJ2kL", "ws-Z3xC4vB5nM6aS7dF8gH9jK"
GHP = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
PAT = "github_pat_" + "11ABCDEFG0abcdefghijkl" + "_" + "A1b2C3d4E5" * 5 + "F6g7H8i9J"
GHS_JWT = (
    "ghs_12345_eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJ1c2VyIjoiQTEifQ" * 20 + ".Sg9-x_" + "aB3dE5" * 40
)
SHA1 = "356a192b7913b04c54574d18c28d46e6395428ab"


def seen(text):
    return {
        (one.kind, one.identifier, one.secret.reveal() if one.secret else None)
        for one in recognise(text).found
    }


def aws(identifier=AKIA, secret=AWS_SECRET):
    return (Kind.AWS_ACCESS_KEY, identifier, secret)


def modal(identifier=AK, secret=AS):
    return (Kind.MODAL_TOKEN, identifier, secret)
