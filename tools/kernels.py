"""Kernels that can be started side by side, and run without a hang.

Two things go wrong, rarely, with many notebooks. Kernels that start at once may be given
one TCP port. And nbclient answers an Output widget, which `interact` makes, on the channel
that it waits on (jupyter/nbclient#312). Here kernels talk over files of their own, and
what an Output widget shows goes into the cell's output.
"""

import os
import tempfile
from pathlib import Path
from uuid import uuid4

from jupyter_client.manager import AsyncKernelManager, KernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

# Two notebooks run side by side: a kernel that took both cores would wait for itself.
os.environ.setdefault("OMP_NUM_THREADS", "1")
DRAWING = Path(__file__).with_name("vectors.py")
SOCKETS = tempfile.TemporaryDirectory(prefix="kernels-")


def _socket_files() -> dict[str, str]:
    if os.name != "posix":
        return {}
    return {"transport": "ipc", "connection_file": f"{SOCKETS.name}/{uuid4().hex}.json"}


class FileKernelManager(KernelManager):
    def __init__(self, **options):
        super().__init__(**_socket_files(), **options)


class AsyncFileKernelManager(AsyncKernelManager):
    def __init__(self, **options):
        super().__init__(**_socket_files(), **options)


def execute(
    notebook: NotebookNode, folder: Path, pictures: Path | None = None
) -> NotebookNode:
    """Run a notebook in place, in `folder`.

    Args:
        pictures: a folder for what is drawn, in vectors (see `vectors.py`).

    Raises:
        CellExecutionError: if a cell fails; the notebook then holds the traceback.
    """
    arguments = []
    if pictures:
        call = f"['draw_twice']({str(pictures.resolve())!r})"
        line = f"__import__('runpy').run_path({str(DRAWING)!r}){call}"
        arguments = [f"--IPKernelApp.exec_lines={line}"]
    client = NotebookClient(
        notebook,
        extra_arguments=arguments,
        timeout=600,
        kernel_name="python3",
        kernel_manager_class=AsyncFileKernelManager,
        # The cache of executed chapters tells them apart by their cells' metadata, too.
        record_timing=False,
        # Else a slow machine splits one text into several outputs.
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.widget_registry = {}
    return client.execute()
