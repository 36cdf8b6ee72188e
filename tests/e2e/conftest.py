import sys
from pathlib import Path

# The careful customer and the accounts of benchmarks/kill.py.
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
