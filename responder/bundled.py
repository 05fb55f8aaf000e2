"""Files that live at the top of the repository and travel inside the wheel."""

from pathlib import Path


def bundled(name: str) -> Path:
    """The path of a top-level folder or file (`playbooks`, `gpu_app`, ...), installed or in a checkout."""
    package = Path(__file__).parent
    installed = package / "_bundled" / name
    return installed if installed.exists() else package.parent / name
