"""Where a clone is from."""

import re
import urllib.parse

from responder.review.history.git import Git
from responder.secret import redact


def origin(git: Git) -> str | None:
    """OWNER/NAME of the clone's own remote, whatever the host; None where it has none such."""
    found = re.search(r"[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", origin_url(git))
    return found[1] if found else None


def origin_url(git: Git) -> str:
    """As git has it; empty where there is none. It may hold a password."""
    urls = git.lines("config", "--get", "remote.origin.url", may_fail=True)
    return urls[0] if urls else ""


def origin_to_show(git: Git) -> str:
    """As git has it, without who asks and their password; empty where it is no address."""
    url = origin_url(git)
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme in {"http", "https"}:
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return redact(url)
