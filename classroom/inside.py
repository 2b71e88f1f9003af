"""Inside the sandbox: run the cells that come in, one a line, and answer each with a line.

    python -I inside.py FOLDER...     the folders to import from

In:  {"n": 3, "source": "..."}
Out: {"n": 3, "ok": true, "outputs": [...]}    outputs as in a notebook, cut to a size

A plain IPython shell and not a Jupyter kernel: no message queue, nothing to parse outside
but one line of JSON. Magics, `await`, figures and rich display work as in a notebook.
"""

import io
import json
import os
import sys

TEXT_IN_ALL = 100_000  # characters of printed text a cell may leave behind
DATA_IN_ALL = 1_500_000  # and characters of figures and other rich output
OUTPUTS_IN_ALL = 100


class Outputs:
    """What one cell leaves behind. What does not fit is dropped, and that is said once."""

    def __init__(self):
        self.list, self.text, self.data, self.cut = [], TEXT_IN_ALL, DATA_IN_ALL, False

    def add(self, output):
        if len(self.list) < OUTPUTS_IN_ALL:
            self.list.append(output)
        else:
            self.say_that_it_was_cut()

    def write(self, name, text):
        kept, self.text = text[: self.text], self.text - min(len(text), self.text)
        last = self.list[-1] if self.list else {}
        if kept and last.get("name") == name:
            last["text"] += kept
        elif kept:
            self.add({"output_type": "stream", "name": name, "text": kept})
        if len(kept) < len(text):
            self.say_that_it_was_cut()

    def show(self, kind, data, metadata, **more):
        size = len(json.dumps(data, default=repr))
        if size > self.data:
            return self.say_that_it_was_cut()
        self.data -= size
        data = json.loads(json.dumps(data, default=repr))
        output = {"output_type": kind, "data": data, "metadata": {}, **more}
        self.add(output)

    def say_that_it_was_cut(self):
        if not self.cut:
            self.cut = True
            text = "\n[the rest of the output was cut]\n"
            self.list.append({"output_type": "stream", "name": "stderr", "text": text})


class Stream(io.TextIOBase):
    def __init__(self, name):
        self.name, self.outputs = name, Outputs()

    def writable(self):
        return True

    def write(self, text):
        self.outputs.write(self.name, str(text))
        return len(text)


def make_shell(out, err):
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    class Publisher(DisplayPublisher):
        def publish(self, data, metadata=None, **_):
            out.outputs.show("display_data", data, metadata)

        def clear_output(self, wait=False):
            pass

    class Hook(DisplayHook):
        def __call__(self, result=None):
            if result is not None and not self.quiet():
                data, metadata = self.compute_format_data(result)
                self.update_user_ns(result)
                out.outputs.show("execute_result", data, metadata, execution_count=None)

    class Shell(InteractiveShell):
        display_pub_class = Publisher
        displayhook_class = Hook
        colors = "nocolor"

        def _showtraceback(self, etype, evalue, stb):
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

        def enable_gui(self, gui=None):
            pass

    shell = Shell.instance(history_load_length=0)
    shell.history_manager.enabled = False
    # What a terminal shell would ask a human for.
    shell.ask_exit = lambda: None
    return shell


def main():
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
    shell = make_shell(out, err)
    dumps, write, real = json.dumps, os.write, (sys.stdin, out, err)
    getpid, leave, ours = os.getpid, os._exit, os.getpid()

    def answer(message):
        data = (dumps(message) + "\n").encode("utf-8", "backslashreplace")
        while data:
            data = data[write(answers, data) :]

    answer({"n": -1, "ok": True, "outputs": []})
    for line in commands:
        command = json.loads(line)
        out.outputs = err.outputs = outputs = Outputs()
        sys.stdin, sys.stdout, sys.stderr = real
        ok = False
        try:
            ok = bool(shell.run_cell(command["source"], store_history=False).success)
        except BaseException as error:  # SystemExit, and what a patched shell raises
            outputs.write("stderr", f"{type(error).__name__}: {error}"[:1000])
        if getpid() != ours:  # a copy that the cell forked: it must not answer, too
            leave(0)
        answer({"n": command["n"], "ok": ok, "outputs": outputs.list})


if __name__ == "__main__":
    main()
