"""Open JupyterLab on copies of the notebooks, which a reader may change as they like.

    python tools/lab.py             copy into playground/ what is new, and open it there
    python tools/lab.py --author    open the notebooks themselves, paired with book/*.md

A copy that the reader has changed is never replaced; one that they have not follows the
book. Saving a copy changes no file of the book.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS, PLAYGROUND = ROOT / "notebooks", ROOT / "playground"
# The server's own way to keep files: jupytext's would write into book/, too.
UNPAIRED = (
    "--ServerApp.contents_manager_class="
    "jupyter_server.services.contents.largefilemanager.AsyncLargeFileManager"
)


def copy_notebooks(source: Path, target: Path) -> list[str]:
    """Bring the copies up to date; the names of those that are kept as the reader has them
    while the book's have changed."""
    record = target / ".copied.json"
    try:
        copied = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        copied = {}
    kept = []
    # not Jupyter's own copies, in hidden folders
    for notebook in sorted([*source.glob("*.ipynb"), *source.glob("[!.]*/*.ipynb")]):
        name, new = notebook.relative_to(source).as_posix(), notebook.read_bytes()
        mine = target / name
        mine.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(new).hexdigest()
        untouched = (
            not mine.exists()
            or copied.get(name) == hashlib.sha256(mine.read_bytes()).hexdigest()
        )
        if not untouched and copied.get(name) != digest:
            kept.append(name)
            continue
        if not untouched or (mine.exists() and copied.get(name) == digest):
            continue
        unfinished = mine.with_suffix(".unfinished")
        unfinished.write_bytes(new)
        os.replace(unfinished, mine)
        copied[name] = digest
    record.write_text(json.dumps(copied, indent=1), encoding="utf-8")
    return kept


def command(author: bool) -> list[str]:
    """What starts JupyterLab."""
    start = [sys.executable, "-m", "jupyter", "lab"]
    if author:
        return [*start, "--LabApp.default_url=/lab/tree/notebooks"]
    return [*start, UNPAIRED, "--LabApp.default_url=/lab/tree/playground"]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--author", action="store_true", help="the book's own, paired")
    options, others = parser.parse_known_args()
    if not options.author:
        for name in copy_notebooks(NOTEBOOKS, PLAYGROUND):
            print(
                f"playground/{name} is yours and stays; the book has a newer one: "
                "delete yours to get it"
            )
    return subprocess.call([*command(options.author), *others], cwd=ROOT)


if __name__ == "__main__":
    # A letter of a path that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
