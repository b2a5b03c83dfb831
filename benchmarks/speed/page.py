"""The page: figures of a run for the documents, each part between its own marks, with its chart beside it."""

import platform
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import commit, processor
from benchmarks.speed import results
from benchmarks.speed.chart import Bar, chart
from benchmarks.speed.ground import moment
from benchmarks.speed.rounds import Measured
from benchmarks.speed.run import Run

TITLE = "Our CPU per request, divided by theirs ({})"


def write_run(path: Path, run: Run, found: Sequence[Measured]) -> None:
    """Write the part of one database."""
    database = run.asked.database
    targets = {each.name: each.targets for each in run.operations}
    groups = [
        (name, [Bar(server, ratio, targets[name].get(server)) for server, ratio in by_server.items()])
        for name, by_server in results.ratios(found).items()
    ]
    lines = [_picture(path, database, chart(TITLE.format(database), groups)), "", *_about(run)]
    for operation in run.operations:
        for measured in found:
            if measured.operation == operation.name:
                lines += ["", *_heading(measured), "", *markdown(results.HEAD, results.rows(operation, measured))]
    put(path, database, "\n".join(lines))


def _about(run: Run) -> list[str]:
    return [
        f"{moment():%Y-%m-%d}, commit {commit()}, {processor()}, Python {platform.python_version()}.",
        *(f"- {line}" for line in run.about().splitlines()),
    ]


def _heading(measured: Measured) -> list[str]:
    leaves, size = next(iter(measured.sizes.values()))
    return [f"**{measured.operation}**: {leaves} leaves, {size:,} bytes"]


def _picture(path: Path, name: str, svg: str) -> str:
    """Write a chart beside the page, and say in Markdown where it is."""
    file = path.parent / "images" / f"performance-{name}.svg"
    file.parent.mkdir(exist_ok=True)
    file.write_text(svg, "utf-8")
    return f"![{TITLE.format(name)}](images/{file.name})"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown, numbers to the right."""
    line = "| {} |".format
    rule = ["---" if place == 0 else "---:" for place in range(len(head))]
    return [line(" | ".join(each)) for each in (head, rule, *rows)]


def put(path: Path, part: str, text: str) -> None:
    """Put a text in its part of a page, which is made when it is not there."""
    begin, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    page = path.read_text("utf-8") if path.exists() else "# Performance\n"
    whole = f"{begin}\n\n{text}\n\n{end}"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    page = found.sub(lambda _: whole, page) if found.search(page) else f"{page.rstrip()}\n\n{whole}\n"
    path.write_text(page, "utf-8")
