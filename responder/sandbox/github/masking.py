"""What a log shows in place of a secret."""

import base64
import json
import urllib.parse

COMMAND = "::add-mask::"


class Masks:
    """Secrets are replaced by `***` in their plain, base64, URL and JSON forms, as GitHub's runner does.

    https://github.com/actions/runner/blob/main/src/Runner.Common/HostContext.cs
    """

    def __init__(self) -> None:
        self._forms: list[str] = []

    def add(self, secret: str) -> None:
        """Also each line by itself, since a log is read by lines."""
        for value in {secret, *secret.splitlines()}:
            if value.strip():
                self._forms += _forms(value)
        # Longest first, so that no secret is cut open by a shorter one inside it.
        self._forms = sorted(set(self._forms), key=len, reverse=True)

    def line(self, text: str) -> str | None:
        """A line as the log may hold it; none for the command that adds a mask."""
        if text.startswith(COMMAND):
            self.add(text.removeprefix(COMMAND))
            return None
        for form in self._forms:
            text = text.replace(form, "***")
        return text


def _forms(value: str) -> set[str]:
    data = value.encode()
    # In the base64 of a longer text a secret sits at one of three shifts, its ends mixed with the rest.
    shifted = [
        base64.b64encode(b" " * shift + data).decode().rstrip("=")[start:-1]
        for shift, start in ((0, 0), (1, 2), (2, 3))
    ]
    return {
        value,
        base64.b64encode(data).decode(),
        *(form for form in shifted if len(form) >= 8),  # noqa: PLR2004 - shorter ones would mask ordinary words
        urllib.parse.quote(value, safe=""),
        json.dumps(value)[1:-1],
    }
