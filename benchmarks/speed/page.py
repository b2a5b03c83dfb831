"""The page: figures of a run for the documents, each part between its own marks, with its chart beside it."""

import platform
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import commit, processor
from benchmarks.speed import curves, results
from benchmarks.speed.chart import Bar, chart
from benchmarks.speed.curves import Curve
from benchmarks.speed.ground import moment
from benchmarks.speed.rounds import Measured
from benchmarks.speed.run import Run

GROWN = "The largest size, divided by the smallest"
TITLE = "Our CPU per request, divided by theirs ({})"


def write_run(path: Path, run: Run, found: Sequence[Measured]) -> None:
    """Write the part of one database."""
    database = run.asked.database
    targets = {each.name: each.targets for each in run.operations}
    groups = [
        (name, [Bar(server, ratio, targets[name].get(server)) for server, ratio in by_server.items()])
        for name, by_server in results.ratios(found).items()
    ]
    title = TITLE.format(database)
    lines = [_picture(path, database, title, chart(title, groups)), "", *_about(run)]
    for operation in run.operations:
        for measured in found:
            if measured.operation == operation.name:
                lines += ["", *_heading(measured), "", *markdown(results.HEAD, results.rows(operation, measured))]
    put(path, database, "\n".join(lines))


def write_growth(path: Path, asked: curves.Asked, found: Sequence[Curve]) -> None:
    """Write the part of the curves."""
    names = list(dict.fromkeys(each.name for each in found))
    groups = [(name, [bar for each in found if each.name == name for bar in _growth_bars(each)]) for name in names]
    lines = [_picture(path, "growth", GROWN, chart(GROWN, groups)), "", *_made_by([asked.about])]
    for name in names:
        lines += ["", f"**By {name}**", ""]
        mine = [each for each in found if each.name == name]
        sizes = list(dict.fromkeys(size for each in mine for size in each.sizes))
        head = ("operation", "", *sizes, "largest / smallest")
        lines += markdown(head, [row for each in mine for row in _growth_rows(each)])
    put(path, "growth", "\n".join(lines))


def _growth_bars(curve: Curve) -> list[Bar]:
    return [
        Bar(f"{curve.measured.operation}, {name}", curve.growth(figure), curves.FLAT)
        for name, figure in curves.FIGURES.items()
    ]


def _growth_rows(curve: Curve) -> list[tuple[str, ...]]:
    rows = []
    for name, figure in curves.FIGURES.items():
        cells = [f"{curve.measured.median(size, figure):.3f}" for size in curve.sizes]
        rows.append((curve.measured.operation, f"{name} ms", *cells, f"{curve.growth(figure):.2f}"))
    return rows


def _about(run: Run) -> list[str]:
    return _made_by(run.about().splitlines())


def _made_by(lines: Sequence[str]) -> list[str]:
    made = f"{moment():%Y-%m-%d}, commit {commit()}, {processor()}, Python {platform.python_version()}:"
    return [made, "", *(f"- {line}" for line in lines)]


def _heading(measured: Measured) -> list[str]:
    leaves, size = next(iter(measured.sizes.values()))
    return [f"**{measured.operation}**: {leaves} leaves, {size:,} bytes"]


def _picture(path: Path, name: str, title: str, svg: str) -> str:
    """Write a chart beside the page, and say in Markdown where it is."""
    file = path.parent / "images" / f"performance-{name}.svg"
    file.parent.mkdir(exist_ok=True)
    file.write_text(svg, "utf-8")
    return f"![{title}](images/{file.name})"


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
