"""Puts libraries that were compiled before into a wheel, if JLSTM_PREBUILT names them.

Without it the wheel is the same for all machines. ``python3 dev.py wheel`` sets it.
"""

import os
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TAGS = {"x86": "py3-none-linux_x86_64", "arm": "py3-none-linux_aarch64"}
INSIDE = "jlstm/_backends/native/prebuilt"


class Prebuilt(BuildHookInterface):
    """Found by hatchling in the file of this name."""

    def initialize(self, version, build_data):
        """Add the folder, and say for which machines the wheel is."""
        folder = os.environ.get("JLSTM_PREBUILT")
        if self.target_name != "wheel" or not folder or version == "editable":
            return
        levels = sorted(path.name for path in Path(folder).iterdir())
        machines = {level[:3] for level in levels}
        if len(machines) != 1:
            raise ValueError(f"a wheel is for one kind of machine, not for {levels}")
        build_data["force_include"][folder] = INSIDE
        build_data["pure_python"] = False
        build_data["tag"] = TAGS[machines.pop()]
