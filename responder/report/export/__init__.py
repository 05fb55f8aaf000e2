"""The journal in the forms that auditors' own tools read: one module a format.

Each is made from the journal alone and gives the same bytes for the same journal. None holds a secret: where
one was, there is its fingerprint, and in JSON Lines, which must stay verifiable, the journal's ciphertext.
"""

from responder.report.export.selection import Selection

__all__ = ["Selection"]
