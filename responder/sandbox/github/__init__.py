"""A GitHub on loopback for the unmodified PyGithub client; its Actions run the real workflow files."""

from responder.sandbox.github.plane import GithubPlane

__all__ = ["GithubPlane"]
