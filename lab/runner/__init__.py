"""Runs what a team has written, tests and lint rules, where nothing is to be had: no token, no private file.

`python -m lab.runner` serves `POST /run` over HTTP. A job is a tree of files and what to do with it; the answer says
whether it passed and what was found. In a container of its own that is a wall; beside the lab it is good manners.
"""
