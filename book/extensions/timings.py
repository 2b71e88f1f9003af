"""The tables of the page 'Timings', from the file that `make bench` wrote."""

import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks import timings  # noqa: E402


class Timings(SphinxDirective):
    """`{timings} SECTION`: its table, what the rows mean, the date and the machine."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(timings.FILE))
        try:
            sections = timings.load()
        except ValueError as error:
            raise self.error(str(error)) from error
        made = self.parse_text_to_nodes(text(self.arguments[0], sections))
        for table in (t for node in made for t in node.findall(nodes.table)):
            table["classes"].append("timings")
        return made


def text(name: str, sections: dict[str, dict]) -> str:
    """MyST: a table, its notes, and where it was measured."""
    if name not in sections:
        return f"Not measured yet: `python -m benchmarks {name}`."
    kept = sections[name]
    head, body = timings.table(kept["rows"])
    words = {"what", "contender", "alternative"}
    rule = [":--" if name in words else "--:" for name in head]
    lines = [head, rule, *body]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    machine = ", ".join(kept["machine"].values())
    return f"{table}\n\n{kept['notes']}\n\nMeasured on {kept['date']}: {machine}."


def setup(app: Sphinx) -> dict:
    app.add_directive("timings", Timings)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
