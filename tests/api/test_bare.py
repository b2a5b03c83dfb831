"""Bodies that are read once: those that give their document nothing, and no others are remembered."""

import pytest

from api import requests

HASH = f'"extensions":{{"persistedQuery":{{"version":1,"sha256Hash":"{"ab" * 32}"}}}}'.encode()
TOLD = b'{"phone":"+8613900000001"}'


@pytest.mark.either
@pytest.mark.parametrize(
    ("rest", "is_kept"),
    [
        (b"", True),
        (b',"variables":{}', True),
        (b',"variables":' + TOLD, False),
        (b',"variables":{},"variables":' + TOLD, False),
        (b',"vari\\u0061bles":' + TOLD, False),
    ],
)
def test_no_body_is_remembered_that_gives_anything(rest: bytes, *, is_kept: bool) -> None:
    requests._bare.clear()
    said = requests.said(b"{" + HASH + rest + b"}")
    assert bool(said.variables) is (TOLD in rest)
    assert len(requests._bare) == is_kept


@pytest.mark.either
def test_no_more_bodies_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "BARE", 3)
    requests._bare.clear()
    for number in range(10):
        body = b'{"documentId":"sha256:%064x"}' % number
        assert requests.said(body) == requests.said(body)
        assert body in requests._bare
        assert len(requests._bare) <= 3
