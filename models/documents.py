"""Documents: the operations that clients are trusted to send by their hash."""

from tortoise import fields
from tortoise.models import Model


class Document(Model):
    """A registered operation. Its text never changes, since its hash is its name."""

    sha256 = fields.CharField(max_length=64, primary_key=True)
    """Of the text in UTF-8, in lower-case hexadecimals."""
    name = fields.CharField(max_length=120)
    """The operation's name, for people and for metrics."""
    source = fields.TextField()
    registered_by = fields.CharField(max_length=60)
    created_at = fields.DatetimeField()
    withdrawn_at = fields.DatetimeField(null=True)
    """From when on it is no longer trusted."""

    class Meta:
        table = "document"
