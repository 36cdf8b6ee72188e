"""The pager: pages come in from Alertmanager, are kept, shown and acknowledged."""
