import sys
from pathlib import Path

# Benchmarks are programs: they find their support beside themselves.
sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
