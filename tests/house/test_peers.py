"""The peers of the benchmark: pinned to the last package, and fetched from wherever npm is told to."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.peers.installing import HERE

FOLDERS = [each.parent for each in sorted(HERE.glob("**/package.json")) if "node_modules" not in each.parts]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_package_is_pinned_and_none_has_an_address(folder: Path) -> None:
    wanted = json.loads((folder / "package.json").read_text("utf-8"))
    lock = json.loads((folder / "package-lock.json").read_text("utf-8"))
    asked = {**wanted["dependencies"], **wanted.get("optionalDependencies", {})}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in asked.values())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert all(each["integrity"].startswith("sha512-") and "resolved" not in each for each in packages.values())
    assert {f"node_modules/{name}" for name in asked} <= packages.keys()
    told = [{part: each[part] for part in each if part != "funding"} for each in packages.values()]
    assert "://" not in json.dumps(told)
