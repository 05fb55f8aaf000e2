"""Where playbooks are: those that come with `respond`, by name, and files, by path."""

from pathlib import Path

from responder.bundled import bundled
from responder.playbook.document import PlaybookError, nearest


def named() -> dict[str, Path]:
    """The playbooks that come with `respond`, by name."""
    return {path.stem: path for path in sorted(bundled("playbooks").glob("*.yaml"))}


def read(name_or_path: str) -> tuple[str, str]:
    """The file's name and its text, of a playbook that comes with `respond` or of a file.

    Raises:
        PlaybookError: there is none of that name, or the file cannot be read.
    """
    known = named()
    path = known.get(name_or_path) or Path(name_or_path)
    if name_or_path not in known and not path.exists():
        raise PlaybookError(
            f"There is no playbook `{name_or_path}`.",
            next_step=nearest(name_or_path, known) + " A file is given by its path.",
        )
    try:
        return path.name, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlaybookError(
            f"{path}: {getattr(error, 'strerror', None) or 'this is not UTF-8 text'}.",
            next_step="Give the path of a readable YAML file.",
        ) from None
