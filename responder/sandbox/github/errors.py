"""GitHub's error answers."""

from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class ApiError(Exception):
    """Ends a request with this status and GitHub's JSON body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def body(self) -> dict[str, Any]:
        return {"message": self.message, "documentation_url": DOCUMENTATION, "status": str(self.status)}


def not_found() -> ApiError:
    """Also the answer for what the caller may not see: GitHub does not tell the two apart."""
    return ApiError(404, "Not Found")


def unprocessable(message: str) -> ApiError:
    return ApiError(422, message)
