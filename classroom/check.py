"""Will this be graded? Run it beside your notebook, in a cell or in a terminal:

    %run check.py               python check.py hw1.ipynb

It says what is missing or would be stopped, and reads your derivations. It gives no points
and knows no answers: the examples are those that you see.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
DISPLAY = re.compile(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|(\\begin\{.*\\end\{[^}]*\})", re.S)
OUTPUT = 1_500_000  # characters of pictures and text that a cell may leave behind


@cache
def sheet() -> dict:
    """What is known of the assignment: nothing that the notebook does not show."""
    return json.loads((HERE / "sheet.json").read_text(encoding="utf-8"))


def say(english: str, **values: object) -> str:
    """A text in the language of the sheet, with values for the names in braces."""
    text = sheet()["words"].get(english, english)
    return text.format(**values) if values else text


def cells_of(path: Path) -> list[dict]:
    """The cells of a notebook; ends with a sentence where it cannot be read."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except FileNotFoundError:
        sys.exit(say("There is no {path}. Save the notebook, and name it: "
                     "check.py NAME.ipynb", path=path))  # fmt: skip
    except (ValueError, KeyError, TypeError):
        sys.exit(say("{path} is no notebook that can be read: save it again as .ipynb",
                     path=path))  # fmt: skip
    for cell in cells:
        source = cell.get("source", "")
        cell["source"] = "".join(source) if isinstance(source, list) else source
        mark = cell.get("metadata", {}).get("nbgrader") or {}
        cell["id"] = mark.get("grade_id", "")
    return cells


def bare(text: str) -> str:
    """Without blanks."""
    return re.sub(r"\s+", "", text)


def look(cells: list[dict]) -> list[str]:
    """What is missing, or was changed."""
    found: dict[str, list[str]] = {}
    for cell in cells:
        found.setdefault(cell["id"], []).append(cell["source"])
    everything = bare("".join(cell["source"] for cell in cells))
    said = []
    for cell in sheet()["cells"]:
        name = cell["name"]
        sources = found.get(name, [])
        if not cell["answer"]:
            if not sources and bare(cell["source"]) not in everything:
                said.append(say("The cell {name} is gone: it will be put back.", name=name))
            elif sources and all(bare(s) != bare(cell["source"]) for s in sources):
                said.append(say("The cell {name} was changed: ours will be used.",
                                name=name))  # fmt: skip
        elif not sources:
            said.append(say("The place for {name} is gone: is the answer in another cell?",
                            name=name))  # fmt: skip
        elif name in unanswered(cells):
            continue  # that is said once, of all
        elif len(sources) > 1:
            said.append(say("There are {n} cells for {name}: keep one.",
                            n=len(sources), name=name))  # fmt: skip
    return said


def unanswered(cells: list[dict]) -> list[str]:
    """The tasks whose cells are as they were handed out, in the order of the sheet."""
    now = {cell["id"]: set[str]() for cell in cells}
    for cell in cells:
        now[cell["id"]].add(bare(cell["source"]))
    ours = {c["name"]: {bare(c["source"])} for c in sheet()["cells"] if c["answer"]}
    return [name for name, source in ours.items() if now.get(name) == source]


def run(cells: list[dict]) -> list[str]:
    """Run the code as the grader does, but for the sandbox; what would be stopped."""
    said: list[str] = []
    total, given = 0.0, {cell["name"] for cell in sheet()["cells"] if cell["given"]}
    open_ones = unanswered(cells)
    with tempfile.TemporaryDirectory() as work:
        process = subprocess.Popen(
            [sys.executable, "-I", str(HERE / "inside.py"), str(HERE), work],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=work, env={**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND":
                           "module://matplotlib_inline.backend_inline"},
        )  # fmt: skip
        assert process.stdin and process.stdout, "asked for as pipes"
        process.stdout.readline()
        for n, cell in enumerate(cells):
            if cell.get("cell_type") != "code" or "check.py" in cell["source"]:
                continue
            where = cell["id"] or repr(cell["source"].strip()[:30])
            line = json.dumps({"n": n, "source": cell["source"]}) + "\n"
            process.stdin.write(line.encode())
            process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                ended = say("Python ended in the cell {cell}: does it exit, or crash?",
                            cell=where)  # fmt: skip
                return [*said, ended]
            seconds, outputs = (json.loads(answer)[key] for key in ("seconds", "outputs"))
            total += seconds
            too_long = seconds > 0.7 * (most := sheet()["seconds_per_cell"])
            if too_long and cell["id"] not in given:
                said.append(say("The cell {cell} takes {n} s; at most {most}.",
                                cell=where, n=round(seconds), most=most))  # fmt: skip
            if len(json.dumps(outputs)) > OUTPUT:
                said.append(say("The cell {cell} shows very much: a part will be cut.",
                                cell=where))  # fmt: skip
            for output in outputs:
                if output.get("output_type") == "error" and cell["id"] not in open_ones:
                    error = f"{output['ename']}: {output['evalue']}"[:200]
                    said.append(say("The cell {cell} ends with {error}",
                                    cell=where, error=error))  # fmt: skip
                data = output.get("data") or {}
                text = data.get("text/plain", "")
                probed = next((v for k, v in data.items() if "probe+json" in k), None)
                if probed and probed["task"] not in open_ones:
                    print("\n" + say("{cell}, on the examples:", cell=where) + f"\n{text}")
        process.stdin.close()
        process.kill()
    if total > 0.7 * (most := sheet()["seconds"]):
        said.append(say("All cells take {n} s together; at most {most}.",
                        n=round(total), most=most))  # fmt: skip
    return said


def read(cells: list[dict]) -> list[str]:
    """Whether the derivations can be read; not whether they hold."""
    said, ours = [], {cell["name"]: cell["source"] for cell in sheet()["cells"]}
    for name in sheet()["derivations"]:
        text = "\n".join(cell["source"] for cell in cells if cell["id"] == name)
        found = DISPLAY.search(text)
        if not found:
            if bare(text) != bare(ours[name]):
                said.append(say("{name}: no formula between $$ signs was found.",
                                name=name))  # fmt: skip
            continue
        try:
            from derivations.block import read_block
            from derivations.read import ReadingError
        except ImportError:
            said.append(say("To have derivations read, install the book: see its first "
                            "page."))  # fmt: skip
            break
        try:
            read_block(next(filter(None, found.groups())))
            print("\n" + say("{name}: the formula can be read.", name=name))
        except ReadingError as error:
            waits = say("{name}: this is not understood yet, and will wait for a person:",
                        name=name)  # fmt: skip
            place = str(error).removeprefix(error.message)
            said.append(f"{waits}\n{say(error.message)}{place}")
    return said


def main() -> None:
    """Say what was found."""
    words = [word for word in sys.argv[1:] if word.endswith(".ipynb")]
    path = Path(words[0]) if words else HERE / f"{sheet()['assignment']}.ipynb"
    cells = cells_of(path)
    said = look(cells) + read(cells) + run(cells)
    if names := ", ".join(unanswered(cells)):
        said.insert(0, say("Not answered yet: {names}.", names=names))
    if said:
        print("\n" + say("{file}: it can be graded, with this to mend:", file=path.name))
    else:
        print("\n" + say("{file}: all is well.", file=path.name))
    for one in said:
        print(f"- {one}")


if __name__ == "__main__":
    main()
