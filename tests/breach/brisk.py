"""`respond` with shorter pauses between looks, killed right after the event of the given number; 0 is never.

python brisk.py NUMBER ARGUMENTS-OF-RESPOND…
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "end_to_end"))

from forked import die_after  # found there

from responder.cli import main, prepared

as_it_is = prepared.load_playbook


def brisk(name_or_path):
    from responder.action import Actions  # noqa: PLC0415
    from responder.playbook import load  # noqa: PLC0415

    name, text, _ = as_it_is(name_or_path)
    text = text.replace("wait: 10s", "wait: 1s")
    return name, text, load(name, text, Actions())


if __name__ == "__main__":
    prepared.load_playbook = brisk
    if event := int(sys.argv[1]):
        die_after(event)
    sys.argv = ["respond", *sys.argv[2:]]
    main()
