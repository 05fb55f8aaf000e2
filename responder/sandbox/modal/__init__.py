"""A Modal workspace on loopback that the unmodified `modal` client and CLI talk to."""

from responder.sandbox.modal.plane import ModalPlane
from responder.sandbox.modal.state import Token

__all__ = ["ModalPlane", "Token"]
