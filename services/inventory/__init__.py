"""Reserves stock for orders."""
