"""The tables of the page 'Timings', from the file that `make bench` wrote."""

import json
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "timings.json"
# The columns of words; the others are numbers.
WORDS = {"what", "contender", "alternative"}


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
        return made


def text(name: str, file: Path) -> str:
    """MyST: a table, its notes, and where it was measured.

    Raises:
        ValueError: if the file is missing or damaged.
    """
    try:
        sections = json.loads(file.read_text(encoding="utf-8"))
        kept = sections.get(name)
        if kept is None:
            return f"Not measured yet: `python -m benchmarks {name}`."
        head, body = kept["table"]["head"], kept["table"]["body"]
        rule = [":--" if column in WORDS else "--:" for column in head]
        table = "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *body])
        machine = ", ".join(kept["machine"].values())
        return f"{table}\n\n{kept['notes']}\n\nMeasured on {kept['date']}: {machine}."
    except FileNotFoundError as error:
        raise ValueError(f"there is no {file}: run 'make bench' first") from error
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{file} is damaged ({error!r}): restore it with git, or delete it and run "
            "'make bench'"
        ) from error


def setup(app: Sphinx) -> dict:
    app.add_directive("timings", Timings)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
