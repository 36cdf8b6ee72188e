"""The war room: the pager, and the drill that it is part of."""

import sys
from pathlib import Path

# The launcher has services/ on the path; the lab's own library lies beside it.
_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)
