import subprocess
import sys

from lab.runtime.state import ROOT

# in a process of its own: preloading freezes what is there
CODE = """
import sys
from lab.runtime import forkserver
forkserver.preload()
assert not [name for name in sys.modules if name.startswith("opentelemetry.exporter")]
"""


def test_the_preloaded_libraries_are_there_and_start_no_thread():
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
