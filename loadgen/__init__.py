"""The company's customers, as one Locust process: `python -m loadgen`.

`profiles` says who comes and how often, `timetable` when, `charges` and `catalogue` with what; `customers` is what each
does, `client` the request as the customer sees it; `crowd` is Locust's user, `roster` starts and stops, `api` is HTTP.
"""
