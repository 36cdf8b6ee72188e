"""The drill as rules and facts, without network, disk or clock: who runs it brings the time and keeps the events."""
