"""Warming: the statements of hot paths are known to every connection before the first request."""

from api import warming
from rules import credentials


async def test_what_is_read_as_rows_anywhere_is_known_before_the_first_request() -> None:
    found = warming.readings()
    assert credentials.TOKEN in found
    assert len({id(each) for each in found}) == len(found)
    await warming.ready()
