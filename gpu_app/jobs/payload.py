"""What a job is asked for with."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

JobId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ObjectKey = Annotated[str, Field(pattern=r"^inputs/[A-Za-z0-9/._-]{1,200}$")]
Size = Annotated[int, Field(ge=16, le=32_768)]

MOST_WORK = 1e15  # floating-point operations of one job: a T4 takes minutes, which is within its timeout


class _Job(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    job_id: JobId


class Benchmark(_Job):
    """How fast is the rented device? Matrix products (TFLOP/s) and copies within its memory (GB/s)."""

    kind: Literal["benchmark"]
    sizes: Annotated[tuple[Size, ...], Field(min_length=1, max_length=16)] = (1024, 4096)
    dtype: Literal["float32", "float16", "bfloat16"] = "float32"
    repeats: Annotated[int, Field(ge=1, le=1000)] = 10

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if (work := sum(2.0 * size**3 for size in self.sizes) * self.repeats) > MOST_WORK:
            raise ValueError(f"{work:.1e} operations are more than {MOST_WORK:.0e}: take fewer repeats.")
        return self


class Nearest(_Job):
    """The `k` nearest rows of `corpus` for each row of `queries`, exactly.

    Both are .npy matrices in the bucket. `cosine` and `dot` give the highest scores first; rows of
    zeros have cosine 0 with everything.
    """

    kind: Literal["nearest"]
    corpus: ObjectKey
    queries: ObjectKey
    k: Annotated[int, Field(ge=1, le=1024)] = 10
    metric: Literal["cosine", "dot"] = "cosine"


Job = Benchmark | Nearest

_JOB: TypeAdapter[Job] = TypeAdapter(Annotated[Job, Field(discriminator="kind")])


def validated(payload: dict[str, Any]) -> Job:
    """The job that a payload asks for.

    Raises:
        ValueError: with one line for each thing that is wrong.
    """
    try:
        return _JOB.validate_python(payload)
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, one['loc'])) or 'payload'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        ]
    raise ValueError("The payload is wrong.\n" + "\n".join(wrong))
