"""What every service shares: settings, telemetry, health, and the format of errors."""

from kit.app import create_app
from kit.metrics import watch_pool
from kit.problems import Problem
from kit.settings import Settings

__all__ = ["Problem", "Settings", "create_app", "watch_pool"]
