"""Decides which promotion applies to a cart."""
