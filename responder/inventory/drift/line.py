"""One difference between an inventory and what is there."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Drift(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    side: Literal["gone", "new"]  # not there any more; or there, and not in the inventory
    about: str  # "credentials.s3", "modal-secret dev/tools": stable, for machines
    what: str  # one sentence
    do: str  # what to type or change
