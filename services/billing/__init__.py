"""Invoices, tax, charges with idempotency keys, and a running balance for each account."""
