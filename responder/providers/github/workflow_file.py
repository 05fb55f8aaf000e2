"""What a workflow's file says of secrets and deployments, without running anything."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from responder.errors import RejectedError
from responder.places import Workflow

# https://docs.github.com/actions/reference/workflows-and-actions/contexts#secrets-context
_NAMED: Final = re.compile(r"""\b(?:secrets|vars)(?:\.([A-Za-z_]\w*)|\[\s*'([^']+)'\s*\])""")
_COMPUTED: Final = re.compile(r"""\bsecrets\s*\[\s*(?!')|\btoJSON\(\s*secrets\s*\)""", re.IGNORECASE)
_DEPLOYS: Final = re.compile(r"\bmodal deploy\b[^\n;&|]*?([\w./-]+\.py)\b")


def read(repository: str, file: str, ref: str, text: str) -> Workflow:
    """Names are in capitals, as GitHub keeps them.

    Raises:
        RejectedError: it is no YAML.
    """
    import yaml  # noqa: PLC0415

    try:
        # Its scalars alone: comments name nothing, and aliases are not multiplied.
        scalars = [
            token.value
            for token in yaml.scan(text, Loader=yaml.SafeLoader)
            if isinstance(token, yaml.ScalarToken)
        ]
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        raise RejectedError("github", file, "it is no YAML, so what it uses is not known.") from None
    parts: Mapping[Any, Any] = content if isinstance(content, dict) else {}
    names = {dot or index for scalar in scalars for dot, index in _NAMED.findall(scalar)}
    return Workflow(
        repository=repository,
        file=file,
        ref=ref,
        names=tuple(sorted(name.upper() for name in names)),
        any_name=any(_COMPUTED.search(scalar) for scalar in scalars) or _hands_on(parts),
        inputs=_inputs(parts),
        deploys=tuple(sorted({path for scalar in scalars for path in _DEPLOYS.findall(scalar)})),
    )


def _hands_on(content: Mapping[Any, Any]) -> bool:
    return any(job.get("secrets") == "inherit" for job in _tables(content.get("jobs")))


def _inputs(content: Mapping[Any, Any]) -> dict[str, tuple[str, ...]] | None:
    on = content.get("on", content.get(True))  # YAML 1.1 reads the word as true
    if isinstance(on, str | list):
        return {} if on == "workflow_dispatch" or "workflow_dispatch" in on else None
    if not isinstance(on, dict) or "workflow_dispatch" not in on:
        return None
    dispatch = on["workflow_dispatch"]
    inputs = dispatch.get("inputs") if isinstance(dispatch, dict) else None
    if not isinstance(inputs, dict):
        return {}
    return {
        str(name): tuple(str(option) for option in given.get("options") or ())
        if isinstance(given, dict)
        else ()
        for name, given in inputs.items()
    }


def _tables(value: object) -> Iterator[Mapping[Any, Any]]:
    if isinstance(value, dict):
        yield from (one for one in value.values() if isinstance(one, dict))
