import sys

from lab.telemetry.server import main

if __name__ == "__main__":
    sys.exit(main())
