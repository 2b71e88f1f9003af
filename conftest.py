"""nbval starts its kernels as the project's tools do: side by side, without a clash."""

import sys
from pathlib import Path

import nbval.kernel

sys.path.insert(0, str(Path(__file__).parent / "tools"))
from kernels import FileKernelManager  # noqa: E402

nbval.kernel.KernelManager = FileKernelManager
