"""Whether a fix is one: the incident replayed against it, and everything that was promised asked for again.

`company` is how the referee talks to the services; `charges`, `sales` and `history` hold their answers against the team
spec, `view` reads what the customers saw, `replay` brings the incident back at four times its size, `dependency` takes
something away, `signals` looks after telemetry and alerts; `verifier` does all of it in turn.
"""
