"""Starts one service: `python services/launch.py billing`.

All of it is in parent.py: a script is compiled at every start, which would cost each parent 2 MB.
"""

import sys

from parent import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
