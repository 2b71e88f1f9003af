"""The file of the last measurements, and what all of them share.

`timings.json` holds a section for each of them, with its own date and machine, so that one
can be measured again without the others: `rows`, the numbers as measured, and `table`, its
head and body as text. The book's page shows the table; it needs the file and nothing here.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

from vae_lib.files import write_whole

FILE = Path(__file__).with_suffix(".json")
Row = dict[str, str | float | None]


class Unmeasurable(Exception):
    """Something that a section needs is not here; the message says what."""


def interleaved(
    works: dict[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Median seconds of each piece of work. They take turns: what else the machine does
    hits all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = clock()
            work()
            seconds[name].append(clock() - start)
    return {name: median(values) for name, values in seconds.items()}


def compared(what: str, ours: float, alternative: str, theirs: float, unit="s") -> Row:
    """A row of most tables: how long it takes, and how long the alternative."""
    return {
        "what": what, "ours": ours, "alternative": alternative, "theirs": theirs,
        "unit": unit, "ratio": theirs / ours,
    }  # fmt: skip


def machine() -> dict[str, str]:
    """What the times depend on."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if "model name" in line]
        name = lines[0].split(":")[1].strip() if lines else name
    return {
        "processor": name, "cores": f"{os.cpu_count()} cores", "system": platform.system(),
        "python": f"Python {platform.python_version()}",
        "torch": f"torch {version('torch')}",
    }  # fmt: skip


def load(file: Path = FILE) -> dict[str, dict]:
    """The sections measured so far.

    Raises:
        ValueError: if the file is missing or damaged.
    """
    try:
        sections = json.loads(file.read_text(encoding="utf-8"))
        for kept in sections.values():
            kept["date"], kept["notes"], kept["machine"]["processor"], table(kept["rows"])
            kept["table"]["head"], kept["table"]["body"]
        return sections
    except FileNotFoundError as error:
        raise ValueError(f"there is no {file}: run 'make bench' first") from error
    except (ValueError, AttributeError, KeyError, IndexError, TypeError) as error:
        raise ValueError(
            f"{file} is damaged ({error!r}): restore it with git, or delete it and run "
            "'make bench'"
        ) from error


def section(rows: list[Row], notes: str) -> dict:
    """What the file holds of one section."""
    head, body = table(rows)
    return {
        "date": date.today().isoformat(), "machine": machine(), "notes": notes,
        "rows": rows, "table": {"head": head, "body": body},
    }  # fmt: skip


def keep(name: str, rows: list[Row], notes: str, file: Path = FILE) -> None:
    """Replace one section; the file has its old content or all of the new one."""
    sections = load(file) if file.exists() else {}
    sections[name] = section(rows, notes)
    write_whole(file, (json.dumps(sections, indent=1) + "\n").encode())


def number(value: float) -> str:
    """Two digits; all of them before the point."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def table(rows: list[Row]) -> tuple[list[str], list[list[str]]]:
    """Head and body as text, for a terminal and for the book."""
    if "elbo" in rows[0]:
        head = ["contender", "floats", "s/epoch", "faster", "of limit", "epochs", "ELBO"]
        return [*head, f"reaches {rows[0]['goal']:.1f}", "sooner"], [
            [row["contender"], row["precision"],
             f"{row['seconds']:.2f}", f"{row['ratio']:.1f}x",
             f"{row['share']:.0%}" if row["share"] else "–",
             str(row["epochs"]) if row["elbo"] else "–", _spread(row["elbo"]),
             f"{_spread(row['reaches'])} s" if row["reaches"] else "–",
             f"{row['sooner']:.1f}x" if row["sooner"] else "–"]
            for row in rows
        ]  # fmt: skip
    head = ["what", "ours", "alternative", "takes", "ratio"]
    return head, [
        [row["what"], f"{number(row['ours'])} {row['unit']}", row["alternative"],
         f"{number(row['theirs'])} {row['unit']}", f"{number(row['ratio'])}x"]
        for row in rows
    ]  # fmt: skip


def _spread(value: tuple[float, float] | None) -> str:
    return f"{value[0]:.1f} ± {value[1]:.1f}" if value else "–"


def text(name: str, kept: dict) -> str:
    """A section for the terminal."""
    head, body = kept["table"]["head"], kept["table"]["body"]
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in [head, *body]
    ]
    described = ", ".join(str(value) for value in kept["machine"].values())
    title = f"{name} ({kept['date']}; {described})"
    return "\n".join([title, "-" * len(lines[0]), *lines, kept["notes"], ""])
