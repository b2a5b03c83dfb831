"""Jobs: work to do after a transaction, kept in the database until it is done."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7


class JobState(StrEnum):
    """Where a job stands."""

    READY = "READY"
    DONE = "DONE"
    DEAD = "DEAD"


class Job(Model):
    """One piece of work. The same cause is enqueued once, ever."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    name = fields.CharField(max_length=80)
    cause = fields.CharField(max_length=200)
    facts = fields.JSONField[dict[str, Any]]()
    state = fields.CharEnumField(JobState, max_length=8, description="")
    due_at = fields.DatetimeField()
    """Not before this moment. While a worker has it, the end of the worker's lease."""
    attempts = fields.SmallIntField(default=0)
    fence = fields.IntField(default=0)
    """Counts the leases. A worker whose fence is old has lost the job."""
    last_error = fields.CharField(max_length=400, null=True)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "job"
        indexes = (Index(name="job_due", fields=("state", "due_at")),)
        constraints = (
            UniqueConstraint(name="job_once", fields=("name", "cause")),
            CheckConstraint(name="job_attempts", check="attempts >= 0 AND fence >= 0"),
            CheckConstraint(name="job_finished", check="(state = 'READY') = (finished_at IS NULL)"),
        )
