"""Ids: read back as they were written, one by one or a page of them at once."""

from uuid import uuid4

import pytest

from schema import ids
from schema.ids import OWNED, Tag


def test_an_id_is_read_back_as_it_was_written() -> None:
    for tag in Tag:
        parts = (uuid4(), uuid4()) if tag in OWNED else (uuid4(),)
        text = ids.encode(tag, *parts)
        assert ids.read(text) == (tag, parts)
        assert ids.decode(tag, text) == parts
        assert [ids.decode(other, text) for other in Tag if other is not tag] == [None] * (len(Tag) - 1)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_the_ids_of_many_rows_are_those_of_each(count: int) -> None:
    for tag in Tag:
        parts = [[uuid4() for _ in range(count)] for _ in range(2 if tag in OWNED else 1)]
        for owners in (parts[:-1], [each[:1] * count for each in parts[:-1]]):
            rows = list(zip(*owners, parts[-1], strict=True))
            told = ids.encode_all(tag, [b"".join(part.bytes for part in each) for each in rows])
            assert list(told) == [ids.encode(tag, *each) for each in rows]
