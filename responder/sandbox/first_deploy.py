"""A program: deploy the app into the sandbox and call it once, with the unmodified `modal` client.

It is a process of its own because the client takes its server from the environment. It reads one order from
standard input, a line of JSON, and ends at once when that input ends.
"""

import importlib.util
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import TypedDict

import modal


class Target(TypedDict):
    environment: str
    token_id: str
    token_secret: str


class Order(TypedDict):
    """`source` is the app's file; without one what is deployed is only called."""

    source: str | None
    app: str
    function: str
    targets: list[Target]


def main() -> None:
    order: Order = json.loads(sys.stdin.readline())
    threading.Thread(target=_die_with_the_sandbox, daemon=True).start()
    with ThreadPoolExecutor() as pool:
        # Each of its own import: an app object remembers where it was deployed.
        modules = [_module(order["source"]) if order["source"] else None for _ in order["targets"]]
        list(pool.map(lambda target, module: _serve(order, target, module), order["targets"], modules))


def _serve(order: Order, target: Target, module: ModuleType | None) -> None:
    client = modal.Client.from_credentials(target["token_id"], target["token_secret"])
    if module is not None:
        module.app.deploy(environment_name=target["environment"], client=client)
    function = modal.Function.from_name(
        order["app"], order["function"], environment_name=target["environment"], client=client
    )
    function.remote()
    client.close()


def _module(source: str) -> ModuleType:
    name = Path(source).stem
    spec = importlib.util.spec_from_file_location(name, source)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(source)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _die_with_the_sandbox() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
