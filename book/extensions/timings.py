"""The tables of the page 'Timings', from the file that `make bench` wrote."""

import html
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from words import say

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "timings.json"
# The columns of words; the others are numbers.
WORDS = {"what", "contender", "alternative"}
# The columns that the dots show, with the name of each; the first is ours.
DOTS = [("ours", "takes"), ("s/epoch",)]
UNITS = {"ms": 1e-3, "s": 1.0, "MB": 1.0}


class Timings(SphinxDirective):
    """`{timings} SECTION`: its table, what the rows mean, the date and the machine."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(FILE))
        try:
            made = self.parse_text_to_nodes(text(self.arguments[0], FILE))
        except ValueError as error:
            raise self.error(str(error)) from error
        for table in (t for node in made for t in node.findall(nodes.table)):
            table["classes"].append("timings")
            made = [raw(f'<div style="{heads(table)}">'), *made, raw("</div>")]
        picture = dots(self.arguments[0], FILE)
        return [raw(picture), *made] if picture else made


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def heads(table: nodes.table) -> str:
    """The names of the columns for `book.css`: on a phone they stand before the values."""
    (head,) = table.findall(nodes.thead)
    names = [json.dumps(f"{e.astext()} ", ensure_ascii=False) for e in head[0]]
    return html.escape("; ".join(f"--head-{i}: {name}" for i, name in enumerate(names, 1)))


def text(name: str, file: Path) -> str:
    """MyST: a table, its notes, and where it was measured.

    Raises:
        ValueError: if the file is missing or damaged.
    """
    try:
        sections = json.loads(file.read_text(encoding="utf-8"))
        kept = sections.get(name)
        if kept is None:
            return say(
                "Not measured yet: {command}.", command=f"`python -m benchmarks {name}`"
            )
        head, body = kept["table"]["head"], kept["table"]["body"]
        rule = [":--" if column in WORDS else "--:" for column in head]
        table = "\n".join(
            "| " + " | ".join(line) + " |"
            for line in [spoken(head), rule, *map(spoken, body)]
        )
        machine = ", ".join(kept["machine"].values())
        measured = say("Measured on {date}: {machine}.", date=kept["date"], machine=machine)
        return f"{table}\n\n{say(kept['notes'])}\n\n{measured}"
    except FileNotFoundError as error:
        raise ValueError(f"there is no {file}: run 'make bench' first") from error
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{file} is damaged ({error!r}): restore it with git, or delete it and run "
            "'make bench'"
        ) from error


def spoken(cells: list[str]) -> list[str]:
    """A row of a table; its numbers are nobody's words."""
    return [cell and say(cell) for cell in cells]


def dots(name: str, file: Path) -> str:
    """The section's rows as dots on one logarithmic axis, in HTML; '' if it has no numbers.

    Where a row compares, its first dot is ours and its second, hollow, the alternative.
    """
    kept = json.loads(file.read_text(encoding="utf-8")).get(name)
    rows = list(rows_of(kept["table"])) if kept else []
    if not rows:
        return ""
    least = min(value for _, values in rows for value, _ in values)
    most = max(value for _, values in rows for value, _ in values)
    low, high = math.log10(least) - 0.05, math.log10(most) + 0.05
    lines = []
    for what, values in rows:
        marks = "".join(
            f'<i class="{kind}" style="left: {100 * share:.1f}%"></i>'
            for kind, share in zip(
                ("ours", "other"),
                ((math.log10(value) - low) / (high - low) for value, _ in values),
                strict=False,
            )
        )
        says = html.escape(" : ".join(shown for _, shown in values))
        lines.append(
            f"<li><span>{html.escape(what)}</span><b>{marks}</b><span>{says}</span></li>"
        )
    compared = len(rows[0][1]) > 1
    key = (
        say("Filled: ours. Hollow: the alternative.")
        if compared
        else say("Seconds an epoch.")
    )
    key += " " + say("Further right takes more, on a logarithmic axis.")
    return f'<ul class="dots">{"".join(lines)}</ul><p class="dots-key">{key}</p>'


def rows_of(table: dict) -> Iterator[tuple[str, list[tuple[float, str]]]]:
    """Of each row its name and its numbers: (value in a unit that rows share, as shown)."""
    head = table["head"]
    columns = next((names for names in DOTS if set(names) <= set(head)), ())
    for line in table["body"] if columns else []:
        cells = dict(zip(head, line, strict=True))
        shown = [cells[name] for name in columns]
        names = ["what"] if "what" in cells else ["contender", "floats"]
        what = ", ".join(say(cells[name]) for name in names)
        yield what, [(measured(text), text) for text in shown]


def measured(text: str) -> float:
    """A number with its unit, in seconds or megabytes.

    >>> measured("1,500 MB"), measured("22 ms"), measured("4.78")
    (1500.0, 0.022, 4.78)
    """
    found = re.match(r"([\d.,]+) ?(\w*)", text)
    return float(found[1].replace(",", "")) * UNITS.get(found[2], 1.0)


def setup(app: Sphinx) -> dict:
    app.add_directive("timings", Timings)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
