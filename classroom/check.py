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
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUT = 1_500_000  # characters of pictures and text that a cell may leave behind


def cells_of(path: Path) -> list[dict]:
    """The cells of a notebook; ends with a sentence where it cannot be read."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except FileNotFoundError:
        sys.exit(f"There is no {path}. Save the notebook, and name it: check.py NAME.ipynb")
    except (ValueError, KeyError, TypeError):
        sys.exit(f"{path} is no notebook that can be read: save it again as .ipynb")
    for cell in cells:
        source = cell.get("source", "")
        cell["source"] = "".join(source) if isinstance(source, list) else source
        mark = cell.get("metadata", {}).get("nbgrader") or {}
        cell["id"] = mark.get("grade_id", "")
    return cells


def bare(text: str) -> str:
    """Without blanks."""
    return re.sub(r"\s+", "", text)


def look(cells: list[dict], sheet: dict) -> list[str]:
    """What is missing, or was changed."""
    found: dict[str, list[str]] = {}
    for cell in cells:
        found.setdefault(cell["id"], []).append(cell["source"])
    everything = bare("".join(cell["source"] for cell in cells))
    said = []
    for name, cell in sheet["cells"].items():
        sources = found.get(name, [])
        if not cell["answer"]:
            if not sources and bare(cell["source"]) not in everything:
                said.append(f"The cell {name} is gone: it will be put back.")
            elif sources and all(bare(s) != bare(cell["source"]) for s in sources):
                said.append(f"The cell {name} was changed: ours will be used.")
        elif not sources:
            said.append(f"The place for {name} is gone: is the answer in another cell?")
        elif all(bare(s) == bare(cell["source"]) for s in sources):
            said.append(f"{name} is not answered yet.")
        elif len(sources) > 1:
            said.append(f"There are {len(sources)} cells for {name}: keep one.")
    return said


def run(cells: list[dict], sheet: dict) -> list[str]:
    """Run the code as the grader does, but for the sandbox; what would be stopped."""
    said: list[str] = []
    total = 0.0
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
            where = cell["id"] or "beginning " + repr(cell["source"].strip()[:30])
            start = time.perf_counter()
            line = json.dumps({"n": n, "source": cell["source"]}) + "\n"
            process.stdin.write(line.encode())
            process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                return [*said, f"Python ended in the cell {where}: does it exit, or crash?"]
            seconds = time.perf_counter() - start
            total += seconds
            outputs = json.loads(answer)["outputs"]
            if seconds > 0.7 * sheet["seconds_per_cell"]:
                most = sheet["seconds_per_cell"]
                said.append(f"The cell {where} takes {seconds:.0f} s; at most {most:g}.")
            if len(json.dumps(outputs)) > OUTPUT:
                said.append(f"The cell {where} shows very much: a part will be cut.")
            for output in outputs:
                if output.get("output_type") == "error":
                    error = f"{output['ename']}: {output['evalue']}"[:200]
                    said.append(f"The cell {where} ends with {error}")
                text = (output.get("data") or {}).get("text/plain", "")
                if "probe+json" in str(output.get("data", {}).keys()):
                    print(f"\n{where}, on the examples:\n{text}")
        process.stdin.close()
        process.kill()
    if total > 0.7 * sheet["seconds"]:
        said.append(f"All cells take {total:.0f} s together; at most {sheet['seconds']:g}.")
    return said


def read(cells: list[dict], sheet: dict) -> list[str]:
    """Whether the derivations can be read; not whether they hold."""
    said = []
    for name in sheet["derivations"]:
        text = "\n".join(cell["source"] for cell in cells if cell["id"] == name)
        found = re.search(
            r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|(\\begin\{.*\\end\{[^}]*\})", text, re.S
        )
        if not found:
            if bare(text) != bare(sheet["cells"][name]["source"]):
                said.append(f"{name}: no formula between $$ and $$ was found.")
            continue
        try:
            from derivations.block import read_block
            from derivations.read import ReadingError
        except ImportError:
            said.append("To have derivations read, install the book: see its first page.")
            break
        try:
            read_block(next(filter(None, found.groups())))
            print(f"\n{name}: the formula can be read.")
        except ReadingError as error:
            said.append(
                f"{name}: this is not understood yet, and will wait for a person:\n{error}"
            )
    return said


def main() -> None:
    """Say what was found."""
    sheet = json.loads((HERE / "sheet.json").read_text(encoding="utf-8"))
    words = [word for word in sys.argv[1:] if word.endswith(".ipynb")]
    path = Path(words[0]) if words else HERE / f"{sheet['assignment']}.ipynb"
    cells = cells_of(path)
    said = look(cells, sheet) + read(cells, sheet) + run(cells, sheet)
    print(
        f"\n{path.name}: "
        + ("it can be graded, with this to mend:" if said else "all is well.")
    )
    for one in said:
        print(f"- {one}")


if __name__ == "__main__":
    main()
