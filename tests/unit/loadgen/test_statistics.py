import subprocess
import sys

# In a process of its own: importing Locust patches the standard library for gevent.
LOCUST_RUNS_LONG = """
from locust.stats import RequestStats
from loadgen.statistics import forget_seconds

stats = RequestStats()
entries = stats.total, stats.get("billing: /charges", "POST")
for entry in entries:
    entry.num_requests = 2_000
    for second in range(1_000):
        entry.num_reqs_per_sec[second] = 2
        entry.num_fail_per_sec[second] = 1
forget_seconds(stats, before=990)
for entry in entries:
    print(list(entry.num_reqs_per_sec) == list(entry.num_fail_per_sec) == list(range(990, 1_000)), entry.num_requests)
"""


def test_the_counts_of_old_seconds_go_and_the_sums_stay():
    shown = subprocess.run([sys.executable, "-c", LOCUST_RUNS_LONG], capture_output=True, text=True, timeout=60)
    assert shown.stdout.splitlines() == ["True 2000", "True 2000"], shown.stderr
