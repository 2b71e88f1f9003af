"""Build the book into _build/html and print the path of its first page.

    python tools/book.py            execute what changed, build what changed, if anything
    python tools/book.py --fresh    build every page anew (executed cells stay cached)
    python tools/book.py --all      execute and build everything anew
    python tools/book.py --cells    execute and judge only; with --all every cell

The edition in Korean is built beside the English pages, in _build/html/ko.

Warnings are errors: a broken reference must not reach a reader.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.readers import get_reader
from kernels import execute
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from offer import offer

from notebooks import chapters, editions

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"
CACHE = BUILD / ".jupyter_cache"
VECTORS = CACHE / "vectors"  # what the cells drew
STAMP = BUILD / "book.state"  # as they were when it was built last


def state(top: Path, built: bool = False) -> str:
    """Of all files in a folder that the book may be made of: names, sizes and times.

    Sphinx knows what changed, but takes half a minute to find that nothing did. Beside the
    `built` pages `offer.py` puts files that other tools make, and links them from the front
    pages: that is no change.
    """
    # Its time changes with what pip installs or removes.
    digest = hashlib.sha256(
        f"{os.stat(sysconfig.get_path('purelib')).st_mtime_ns}".encode()
    )
    for folder, folders, files in os.walk(top):
        others = {BUILD.name, "__pycache__", "tests", "course", "playground"}
        others |= {"slides"} if built else set()
        folders[:] = sorted(f for f in folders if f not in others and f[0] != ".")
        for name in sorted(files):
            if built and name.endswith((".pdf", ".epub")):
                continue
            found = os.lstat(os.path.join(folder, name))
            known = found.st_size, found.st_mtime_ns
            if built and name == "index.html":
                known = 0, 0
            digest.update(repr((folder, name, *known)).encode())
    return digest.hexdigest()


def forget_results_of_older_code() -> None:
    """The cache of executed cells knows the chapters' text, not the code they import."""
    digest = hashlib.sha256()
    # Not exercises: no page shows what it prints.
    packages = ["vae_lib", "derivations", "explorers"]
    files = [path for name in packages for path in sorted((ROOT / name).rglob("*"))]
    for path in files:
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    stamp = BUILD / "code.sha256"
    if not stamp.exists() or stamp.read_text("utf-8") != digest.hexdigest():
        shutil.rmtree(CACHE, ignore_errors=True)
        shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
        BUILD.mkdir(exist_ok=True)
        stamp.write_text(digest.hexdigest(), encoding="utf-8")


def read_chapter(chapter: Path) -> NotebookNode:
    """A chapter's cells, read as Sphinx reads them, so that it finds what it looks for."""
    return get_reader({"name": "myst_nb_md", "type": "plugin"})(str(chapter))


def executed_chapter(chapter: Path) -> NotebookNode | None:
    """A chapter's code cells with their outputs, or None if they were not executed."""
    cache = get_cache(str(CACHE))
    try:
        record = cache.match_cache_notebook(read_chapter(chapter))
    except KeyError:
        return None
    return cache.get_cache_bundle(record.pk).nb


def fill_the_cache() -> list[str]:
    """Run the chapters whose results the cache lacks, two at a time; return the failures.

    Sphinx could run them, too, but one after the other, and it may hang at a control (see
    `kernels.py`). This way it finds all of them in the cache.
    """
    cache = get_cache(str(CACHE))
    waiting = [chapter for chapter in chapters() if executed_chapter(chapter) is None]

    def run(chapter: Path) -> CacheBundleIn | str:
        name = chapter.relative_to(ROOT)
        print(f"running {name}", flush=True)
        try:
            executed = execute(read_chapter(chapter), ROOT, VECTORS)
        except CellExecutionError as error:
            return f"{name}: a cell failed\n{error}"
        return CacheBundleIn(executed, str(chapter))

    failures = []
    with ThreadPoolExecutor(2) as pool:
        for result in pool.map(run, waiting):
            if isinstance(result, str):
                failures.append(result)
            else:
                cache.cache_notebook_bundle(result, check_validity=False, overwrite=True)
    return failures


def judge_the_equations() -> None:
    """Of all chapters, with their slips: Sphinx and the tests find the verdicts."""
    # Here: they bring the judges, which whoever only reads executed cells does not need.
    sys.path.insert(0, str(ROOT / "book" / "extensions"))
    import ledger
    import slips

    ledger.judged(ROOT / "book", BUILD / "ledger.json")
    slips.kept(ROOT / "book", BUILD / "slips.json")


def sphinx(*builder: str) -> int:
    """Build with these options of jupyter-book; return its exit status."""
    # Through Python: the script has another name on Windows, another place elsewhere.
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command += ["build", "book", "--config", "_config.yml", "--path-output", ".", *builder]
    command += ["--quiet", "-W", "-n", "--keep-going"]
    return subprocess.run(command, cwd=ROOT).returncode


def edition(language: str) -> int:
    """Build the pages in another language; return the exit status."""
    command = [sys.executable, "tools/edition.py", language]
    return subprocess.run(command, cwd=ROOT).returncode


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fresh", action="store_true", help="build every page anew")
    parser.add_argument("--all", action="store_true", help="execute every cell anew, too")
    parser.add_argument("--cells", action="store_true", help="build no page")
    options = parser.parse_args()
    where = f"The book is at {BUILD / 'html' / 'index.html'}"
    made_of = state(ROOT)  # before: who writes while it is built wants another build
    anew = options.fresh or options.all or options.cells
    if not anew and STAMP.exists():
        if STAMP.read_text("utf-8") == made_of + state(BUILD / "html", built=True):
            print(where)
            return 0
    old = [BUILD / ".doctrees", BUILD / "html"] if options.fresh or options.all else []
    for folder in [*old, CACHE] if options.all else old:
        shutil.rmtree(folder, ignore_errors=True)
    forget_results_of_older_code()
    failures = fill_the_cache()
    if failures:
        print("\n".join(failures), file=sys.stderr)
        return 1
    judge_the_equations()
    if options.cells:
        return 0
    # Side by side: what they share was executed and judged above.
    with ThreadPoolExecutor() as pool:
        builds = {"the book": pool.submit(sphinx)}
        for language in editions(ROOT / "book"):
            builds[f"its edition {language}"] = pool.submit(edition, language)
    if failed := [name for name, build in builds.items() if build.result()]:
        names = " and ".join(failed)
        print(f"{names} could not be built: see the warnings above", file=sys.stderr)
        return 1
    offer()
    STAMP.write_text(made_of + state(BUILD / "html", built=True), encoding="utf-8")
    print(where)
    return 0


if __name__ == "__main__":
    # A letter of a path that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
