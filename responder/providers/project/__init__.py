"""The project's own files, on this machine."""
