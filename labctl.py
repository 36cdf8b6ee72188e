#!/usr/bin/env python3
"""3 A.M. Lab: `python3 labctl.py up`. The first call makes an environment in .lab/venv; needs Python 3.11 or newer."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import environment

if environment.active():
    from lab.cli import main

    sys.exit(main())
os.execv(environment.ensure(), [str(environment.PYTHON), os.path.abspath(__file__), *sys.argv[1:]])
