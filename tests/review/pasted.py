"""What a person pastes into a shell, run as it stands: a real shell, and the real client in place of `aws`.

The AWS CLI is no dependency of these tests. Its options are botocore's members, spelt with dashes.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

_SAYS_WHAT_IT_WAS_GIVEN = '#!/bin/sh\nprintf "%s\\0" "$@" >> "$CALLS"\nprintf "\\0" >> "$CALLS"\n'


def paste(command: str, folder: Path, client: Callable[..., Any]) -> None:
    """As a shell does, one after the other; `client` is asked for a service, in the region that is named.

    Raises:
        ClientError: the service refuses the last of them.
    """
    *before, last = _calls(command, folder)
    for words in before:
        with suppress(ClientError):
            _run(words, client)
    _run(last, client)


def _run(words: list[str], client: Callable[..., Any]) -> None:
    service, operation, *options = words
    given = dict(_options(options))
    region = given.pop("region", ["us-east-1"])[0]
    asked = client({"s3api": "s3"}.get(service, service), region)
    method = operation.replace("-", "_")
    model = asked.meta.service_model.operation_model(asked.meta.method_to_api_mapping[method])
    members = {xform_name(name, "-"): (name, shape) for name, shape in model.input_shape.members.items()}
    arguments = {members[one][0]: _value(members[one][1], values) for one, values in given.items()}
    getattr(asked, method)(**arguments)


def _calls(command: str, folder: Path) -> Iterator[list[str]]:
    stub, calls = folder / "aws", folder / "calls"
    stub.write_text(_SAYS_WHAT_IT_WAS_GIVEN)
    stub.chmod(0o700)
    calls.write_text("")
    environ = {"PATH": f"{folder}:{os.environ['PATH']}", "CALLS": str(calls)}
    subprocess.run(["sh", "-c", command], check=True, env=environ, timeout=60)
    for one in calls.read_text().removesuffix("\0\0").split("\0\0"):
        yield one.split("\0")


def _options(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    values: list[str] = []
    for word in reversed(words):
        if word.startswith("--"):
            yield word.removeprefix("--"), values[::-1]
            values = []
        else:
            values.append(word)


def _value(shape: Any, values: list[str]) -> Any:
    if shape.type_name == "list":
        return json.loads(values[0]) if values[0].startswith("[") else values
    if shape.type_name == "structure":  # A=true,B=true
        pairs = (one.split("=") for one in values[0].split(","))
        return {name: value == "true" for name, value in pairs}
    (value,) = values
    return value
