"""Build the pages of the book in another language, beside the English ones.

    python tools/edition.py ko    into _build/html/ko, after tools/book.py

The cells were executed for the English pages. A cell's captions are a part of what the
cache of executed cells looks for: so each translated chapter is entered there, with the
results.
"""

import copy
import json
import sys
from pathlib import Path

import sphinx.locale
import translations
from babel.messages.mofile import write_mo
from jupyter_book.sphinx import build_sphinx
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbformat import NotebookNode

from book import BUILD, CACHE, ROOT, executed_chapter, read_chapter
from notebooks import BOOK, chapters


def share_results(folder: Path) -> None:
    """Enter the translated chapters in the cache, with the outputs of the English cells."""
    cache = get_cache(str(CACHE))
    for chapter in chapters():
        translated = folder / chapter.name
        notebook = read_chapter(translated)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            executed = executed_chapter(chapter)
            if executed is None:
                sys.exit(f"{chapter} was not executed: run tools/book.py first")
            bundle = CacheBundleIn(with_results(notebook, executed), str(translated))
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def with_results(notebook: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """A chapter with the outputs and widgets of another whose code cells are the same."""
    results = iter(cell for cell in executed.cells if cell.cell_type == "code")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            result = next(results)
            assert cell.source == result.source, f"a cell differs: {cell.source[:60]!r}"
            cell.outputs = copy.deepcopy(result.outputs)
            cell.execution_count = result.execution_count
    for key in ("widgets", "language_info"):
        if key in executed.metadata:
            notebook.metadata[key] = executed.metadata[key]
    return notebook


def compiled(language: str) -> Path:
    """The folder in which Sphinx finds `interface.po` for its words and the extensions'."""
    folder = BUILD / language / "locale"
    messages = Path(language) / "LC_MESSAGES"
    (folder / messages).mkdir(parents=True, exist_ok=True)
    with (folder / messages / "sphinx.mo").open("wb") as file:
        write_mo(file, translations.read_catalogue(BOOK / language / "interface.po"))
    # The search's own words: Sphinx takes one table, so ours has all of its texts.
    table = Path(sphinx.locale.__file__).parent / messages / "sphinx.js"
    before, brace, rest = table.read_text("utf-8").partition("{")
    theirs, end = json.JSONDecoder().raw_decode(brace + rest)
    ours = translations.strings(language)
    theirs["messages"] |= {text: ours[text] for text in theirs["messages"] if text in ours}
    script = before + json.dumps(theirs, ensure_ascii=False) + (brace + rest)[end:]
    (folder / messages / "sphinx.js").write_text(script, encoding="utf-8")
    return folder


def build(
    language: str, builder: str = "html", out: Path | None = None, **config: str
) -> int:
    """Build the pages, or with another builder elsewhere; `config` is Sphinx's."""
    folder = translations.write(language)
    share_results(folder)
    # Tools bear names that extensions of the book bear, too.
    sys.path.remove(str(Path(__file__).parent))
    result = build_sphinx(
        folder,
        out or BUILD / "html" / language,
        builder=builder,
        noconfig=True,
        path_config=ROOT / "_config.yml",
        doctreedir=BUILD / ".doctrees" / language,
        confoverrides={
            "language": language,
            "html_title": translations.title(language),
            "author": "",  # the theme's word before it makes no sense in Korean
            "english_book": str(ROOT / "book"),
            "external_toc_path": str(folder / "_toc.yml"),
            "latex_individualpages": False,
            "locale_dirs": [str(compiled(language))],
            "strings": translations.strings(language),
            "nb_execution_cache_path": str(CACHE),
            "nitpicky": True,
        }
        | config,
        quiet="--loud" not in sys.argv,
        warningiserror=True,
        keep_going=True,
    )
    return result if isinstance(result, int) else 1


if __name__ == "__main__":
    sys.exit(build(sys.argv[1]))
