"""Stands for the shipping company's public API: an outside party with a network between it and us, and a rate limit."""
