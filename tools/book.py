"""Build the book into _build/html and print the path of its first page.

    python tools/book.py            execute what changed, build what changed
    python tools/book.py --fresh    build every page anew (executed cells stay cached)

Warnings are errors: a broken reference must not reach a reader.
"""

import argparse
import hashlib
import logging
import shutil
import subprocess
import sys
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"
CACHE = BUILD / ".jupyter_cache"

sys.path.insert(0, str(ROOT / "tools"))
from notebooks import chapters  # noqa: E402


def forget_results_of_older_code() -> None:
    """The cache of executed cells knows the chapters' text, not the code they import."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "vae_lib").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    stamp = BUILD / "vae_lib.sha256"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        shutil.rmtree(CACHE, ignore_errors=True)
        shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
        BUILD.mkdir(exist_ok=True)
        stamp.write_text(digest.hexdigest())


def execute_two_at_a_time() -> None:
    """Sphinx would run the chapters one after the other; it finds these in the cache.

    A chapter that fails is left out here. Sphinx runs it again and shows the error.
    """
    cache = get_cache(str(CACHE))
    reader = {"name": "myst_nb_md", "type": "plugin"}
    for chapter in chapters():
        cache.add_nb_to_project(str(chapter), read_data=reader)
    executor = load_executor("local-parallel", cache, logging.getLogger("execute"))
    done = executor.run_and_cache(timeout=600)
    for path in [*done.errored, *done.excepted]:
        print(f"{path} failed; its error follows below", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fresh", action="store_true", help="build every page anew")
    if parser.parse_args().fresh:
        for folder in (BUILD / ".doctrees", BUILD / "html"):
            shutil.rmtree(folder, ignore_errors=True)
    forget_results_of_older_code()
    execute_two_at_a_time()
    command = ["jupyter-book", "build", "book", "--config", "_config.yml"]
    command += ["--path-output", ".", "--quiet", "-W", "-n", "--keep-going"]
    script = Path(sys.executable).with_name(command[0])
    failed = subprocess.run(
        [script if script.exists() else command[0], *command[1:]], cwd=ROOT
    )
    if failed.returncode:
        print("the book was not built: see the warnings above", file=sys.stderr)
        return 1
    print(f"The book is at {BUILD / 'html' / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
