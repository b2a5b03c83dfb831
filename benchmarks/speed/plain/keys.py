"""Keys: the one table of the key store that names need, as a model."""

from uuid import UUID

from tortoise import fields
from tortoise.models import Model


class StoredKey(Model):
    """A member's wrapped key."""

    member_id: UUID = fields.UUIDField(primary_key=True)
    wrapped = fields.BinaryField()

    class Meta:
        table = "member_key"
        app = "keys"


class HouseKey(Model):
    """A key of the house's own."""

    name = fields.CharField(max_length=20, primary_key=True)
    wrapped = fields.BinaryField()

    class Meta:
        table = "house_key"
        app = "keys"
