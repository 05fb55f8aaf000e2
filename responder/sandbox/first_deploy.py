"""A program: deploy the app into the sandbox and call it once, with the unmodified `modal` client.

It is a process of its own because the client takes its server from the environment. It reads orders from
standard input, a line of JSON each, answers each with a line, and ends at once when that input ends.
"""

import importlib.util
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
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
    orders: SimpleQueue[Order] = SimpleQueue()
    threading.Thread(target=_read, args=(orders,), daemon=True).start()
    while True:
        answer = {"error": _carry_out(orders.get())}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _carry_out(order: Order) -> str:
    """What went wrong; empty if nothing did."""
    try:
        # Each of its own import: an app object remembers where it was deployed.
        modules = [_module(order["source"]) if order["source"] else None for _ in order["targets"]]
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda target, module: _serve(order, target, module), order["targets"], modules))
    except Exception as error:  # noqa: BLE001  # whatever it was, the sandbox says it
        return f"{type(error).__name__}: {error}"
    return ""


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


def _read(orders: SimpleQueue[Order]) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    os._exit(1)  # with the sandbox, and even while it waits for an answer


if __name__ == "__main__":
    main()
