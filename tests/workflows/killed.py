"""Append one event to a shared journal, killed before or after it is stored.

python killed.py URL before|after RUN TERM
"""

import os
import signal
import sys
from pathlib import Path

from shared_account import intend

from responder.journal import Journal, Writer
from responder.journal.shared import SharedDatabase
from responder.journal.store import utcnow
from responder.providers.aws.journal_object import JournalObject


class Deadly(JournalObject):
    def store(self, content, *, patiently=True):
        if sys.argv[2] == "after":
            assert super().store(content, patiently=patiently)
        os.kill(os.getpid(), signal.SIGKILL)


database = SharedDatabase(Deadly.open(sys.argv[1], os.environ), Path(), read_only=False, new=False)
intend(Writer(Journal(database, utcnow), sys.argv[3], int(sys.argv[4])), 1)
