"""The figures that a chapter shows, made without running the whole chapter."""

import ast
from functools import cache
from pathlib import Path

import nbformat

from explorers import ExpressionExplorer

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def _loads(statement: ast.stmt) -> set[str]:
    names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


def _binds(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


def _is_figure(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(call, ast.Call) and getattr(call.func, "id", "") == "ExpressionExplorer"
    )


@cache
def expression_explorers(chapter: str) -> list[ExpressionExplorer]:
    """Each one from its own statement and those before it whose names it needs."""
    notebook = nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    statements = ast.parse("\n".join(cells)).body
    figures = []
    for place, figure in enumerate(statements):
        if not _is_figure(figure):
            continue
        needed, chosen = _loads(figure), []
        for statement in reversed(statements[:place]):
            if _binds(statement) & needed:
                needed |= _loads(statement)
                chosen.insert(0, statement)
        scope: dict = {}
        exec(compile(ast.Module(chosen, []), chapter, "exec"), scope)
        figures.append(eval(compile(ast.Expression(figure.value), chapter, "eval"), scope))
    return figures
