"""Stands for the payment processor: keeps a book of its own in whole cents and reconciles it with billing's."""
