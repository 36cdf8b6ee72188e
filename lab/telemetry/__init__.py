"""The embedded telemetry store: OTLP traces and logs in, the Jaeger query API and a log search out.

It stands in for Jaeger and Loki where no containers can be had; among containers Jaeger asks it, and keeps nothing.
`python -m lab.telemetry` runs it.
"""
