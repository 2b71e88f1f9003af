"""Inside the sandbox: run the cells that come in, one a line, and answer each with a line.

    python -sP inside.py FOLDER...     the folders to import from

In:  {"n": 3, "source": "..."}
Out: {"n": 3, "ok": true, "outputs": [...], "seconds": 0.1}

Outputs are as in a notebook, cut to a size; seconds are of the processor.

A plain IPython shell and not a Jupyter kernel: no message queue, nothing to parse outside
but one line of JSON. Magics, `await`, figures and rich display work as in a notebook.
"""

import ast
import importlib
import io
import json
import os
import signal
import sys
import time
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where there is a sandbox around it
    from IPython.core.interactiveshell import InteractiveShell

TEXT_IN_ALL = 100_000  # characters of printed text a cell may leave behind
DATA_IN_ALL = 1_500_000  # and characters of figures and other rich output
OUTPUTS_IN_ALL = 100
MESSAGE = "application/vnd.classroom.probe+json"  # what a test sends: never cut for others
MESSAGE_IN_ALL = 3_000_000


class Outputs:
    """What one cell leaves behind. What does not fit is dropped, and that is said once."""

    def __init__(self) -> None:
        self.list: list[dict] = []
        self.text, self.data, self.cut = TEXT_IN_ALL, DATA_IN_ALL, False
        self.message: list[dict] = []  # the last one

    def add(self, output: dict) -> None:
        """One more output, if there are not too many."""
        if len(self.list) < OUTPUTS_IN_ALL:
            self.list.append(output)
        else:
            self.say_that_it_was_cut()

    def write(self, name: str, text: str) -> None:
        """What was printed to the stream `name`, or as much of it as there is room for."""
        kept, self.text = text[: self.text], self.text - min(len(text), self.text)
        last = self.list[-1] if self.list else {}
        if kept and last.get("name") == name:
            last["text"] += kept
        elif kept:
            self.add({"output_type": "stream", "name": name, "text": kept})
        if len(kept) < len(text):
            self.say_that_it_was_cut()

    def show(self, kind: str, data: dict, **more: object) -> None:
        """Something on display, of output type `kind`: data by MIME type."""
        size = len(json.dumps(data, default=repr))
        if MESSAGE in data and size < MESSAGE_IN_ALL:
            self.message = [{"output_type": kind, "data": data, "metadata": {}, **more}]
            return
        if size > self.data:
            self.say_that_it_was_cut()
            return
        self.data -= size
        data = json.loads(json.dumps(data, default=repr))
        output: dict = {"output_type": kind, "data": data, "metadata": {}, **more}
        self.add(output)

    def say_that_it_was_cut(self) -> None:
        """Once, as a line on standard error."""
        if not self.cut:
            self.cut = True
            text = "\n[the rest of the output was cut]\n"
            self.list.append({"output_type": "stream", "name": "stderr", "text": text})


class Stream(io.TextIOBase):
    """In the place of sys.stdout or sys.stderr: what is printed goes to `outputs`."""

    def __init__(self, name: str) -> None:
        self.name, self.outputs = name, Outputs()

    def writable(self) -> bool:
        """Yes: print asks."""
        return True

    def write(self, text: str) -> int:
        """Keep the text; return its length, as a file does."""
        self.outputs.write(self.name, str(text))
        return len(text)


class Lenient(ast.NodeTransformer):
    """What only fails because it is not the student's machine costs itself alone: an
    import of something that is not installed, a magic for another editor."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """IPython's hook: the statements of a cell."""
        node.body = [self._tried(statement) for statement in node.body]
        return ast.fix_missing_locations(node)

    def _tried(self, statement: ast.stmt) -> ast.stmt:
        is_import = isinstance(statement, ast.Import | ast.ImportFrom)
        text = ast.dump(statement) if isinstance(statement, ast.Expr) else ""
        if not is_import and "run_line_magic" not in text:
            return statement
        caught = "ImportError" if is_import else "Exception"
        handler = f"try: pass\nexcept {caught}: get_ipython().showtraceback()"
        new = ast.parse(handler).body[0]
        assert isinstance(new, ast.Try), "as it was written"
        new.body = [statement]
        return ast.copy_location(new, statement)


class Nothing(types.ModuleType):
    """Stands for Colab's modules: everything in it can be called, and does nothing."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing(name)

    def __call__(self, *_: object, **__: object) -> None:
        """Nothing is mounted, uploaded or shown."""


def as_on_colab() -> None:
    """Notebooks from Colab begin with `from google.colab import drive`."""
    try:
        google = importlib.import_module("google")
    except ImportError:
        google = sys.modules["google"] = types.ModuleType("google")
    colab = Nothing("google.colab")
    vars(google)["colab"] = colab
    for name in ("colab", "colab.drive", "colab.files", "colab.output", "colab.patches"):
        sys.modules[f"google.{name}"] = Nothing(name) if "." in name else colab


def make_shell(out: Stream) -> "InteractiveShell":
    """An IPython shell whose outputs, displays and tracebacks go to `out`."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    class Publisher(DisplayPublisher):
        def publish(self, data: dict, *_: object, **__: object) -> None:
            out.outputs.show("display_data", data)

        def clear_output(self, wait: bool = False) -> None:
            pass

    class Hook(DisplayHook):
        def __call__(self, result: object = None) -> None:
            if result is not None and not self.quiet():
                data, _ = self.compute_format_data(result)
                self.update_user_ns(result)
                out.outputs.show("execute_result", data, execution_count=None)

    class Shell(InteractiveShell):
        display_pub_class = Publisher
        displayhook_class = Hook
        colors = "nocolor"

        def _showtraceback(self, etype: type, evalue: object, stb: list[str]) -> None:
            text = "\n".join(stb)[-4000:]
            message = str(evalue)[:1000]
            out.outputs.add(
                {
                    "output_type": "error",
                    "ename": etype.__name__,
                    "evalue": message,
                    "traceback": [text],
                }
            )

        def ask_exit(self) -> None:  # a terminal's shell would ask a human
            pass

        def enable_gui(self, gui: object = None) -> None:
            pass

    as_on_colab()
    shell = Shell.instance(history_load_length=0)
    shell.ast_transformers.append(Lenient())
    if shell.history_manager:
        shell.history_manager.enabled = False
    return shell


def main() -> None:
    """Answer each line that comes in, until there are no more."""
    # The line to the grader gets descriptors of its own; 0, 1 and 2 lead nowhere.
    commands = os.fdopen(os.dup(0), "r", encoding="utf-8", closefd=True)
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.set_inheritable(commands.fileno(), False)
    os.set_inheritable(answers, False)

    out, err = Stream("stdout"), Stream("stderr")
    sys.path[:0] = sys.argv[1:]
    shell = make_shell(out)
    dumps, write, real = json.dumps, os.write, (sys.stdin, out, err)
    getpid, leave, ours = os.getpid, os._exit, os.getpid()
    clock = time.process_time

    def answer(message: dict) -> None:
        data = (dumps(message) + "\n").encode("utf-8", "backslashreplace")
        while data:
            data = data[write(answers, data) :]

    def when_idle() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    when_idle()
    answer({"n": -1, "ok": True, "outputs": []})
    for line in commands:
        command = json.loads(line)
        out.outputs = err.outputs = outputs = Outputs()
        sys.stdin, sys.stdout, sys.stderr = real
        ok, start = False, clock()
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            ok = bool(shell.run_cell(command["source"], store_history=False).success)
            when_idle()
            ok = ok and not any(o["output_type"] == "error" for o in outputs.list)
        except BaseException as error:  # SystemExit, and what a patched shell raises
            when_idle()
            outputs.write("stderr", f"{type(error).__name__}: {error}"[:1000])
        if getpid() != ours:  # a copy that the cell forked: it must not answer, too
            leave(0)
        shown = outputs.list + outputs.message
        seconds = clock() - start  # for check.py; the grader has a clock of its own
        answer({"n": command["n"], "ok": ok, "outputs": shown, "seconds": seconds})


if __name__ == "__main__":
    main()
