"""Root causes, held against the lab's own telemetry and database; and requests that the lab sends for a team."""
