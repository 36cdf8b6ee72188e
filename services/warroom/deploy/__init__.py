"""From a team's files to what runs: looked at, tested, released, and taken back if it does not become healthy."""
