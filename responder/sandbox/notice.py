"""What a running sandbox leaves for other terminals: a file that says where it is and how to talk to it."""

import contextlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from responder.errors import InputError, UnavailableError


@dataclass(frozen=True)
class Notice:
    """The tokens in it are good for nothing but the sandbox, while it runs."""

    urls: Mapping[str, str]
    env: Mapping[str, str] = field(repr=False)
    leak: str
    """Path of the leaked file."""
    reviewer: Mapping[str, str] = field(repr=False)
    """`login` and `token` of who may approve deployments to `prod`."""
    pid: int

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def folder(port: int) -> Path:
    """Of the sandbox whose Modal is at `port`."""
    return platformdirs.user_cache_path("respond", appauthor=False) / "sandbox" / str(port)


def find(port: int) -> Notice:
    """The notice of the sandbox that runs at `port`.

    Raises:
        UnavailableError: none does.
    """
    try:
        notice = Notice(**json.loads(_path(port).read_text()))
    except (OSError, ValueError, TypeError):
        raise _none(port) from None
    if not _answers(notice):
        raise _none(port)
    return notice


@contextmanager
def posted(port: int, notice: Notice) -> Iterator[None]:
    """Have the notice where `find` looks, for as long as the block lasts. Only this user may read it."""
    path = _path(port)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # of one that was killed
    with private_file(path, notice.as_json()):
        yield


@contextmanager
def private_file(path: Path, text: str) -> Iterator[None]:
    """Have a new file with that text, mode 0600, for as long as the block lasts.

    Raises:
        InputError: there is a file of that name, or it cannot be made.
    """
    with ExitStack() as stack:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise InputError(
                f"{path} is there already.", next_step="Remove it, or name another file."
            ) from None
        except OSError as error:
            raise InputError(
                f"{path} cannot be made: {error.strerror}.", next_step="Name another file."
            ) from error
        stack.callback(path.unlink, missing_ok=True)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        yield


def ground_truth(github_url: str) -> dict[str, Any]:
    """What the sandbox with that GitHub says of itself; no proxy is asked.

    Raises:
        OSError: nothing answers there.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{github_url}/_sandbox/world", timeout=10) as answer:
        world: dict[str, Any] = json.load(answer)
    return world


def _path(port: int) -> Path:
    return folder(port) / "notice.json"


def _answers(notice: Notice) -> bool:
    """Another sandbox may have its port by now: it would have other tokens."""
    with contextlib.suppress(OSError, ValueError):
        tokens = ground_truth(notice.urls["github"])["modal"]["tokens"]
        return notice.env["MODAL_TOKEN_ID"] in {token["token_id"] for token in tokens}
    return False


def _none(port: int) -> UnavailableError:
    return UnavailableError(
        f"No sandbox of yours runs at port {port}.",
        next_step=f"`respond sandbox up --port {port}` starts one, in another terminal.",
    )
