"""Order history of an account, page by page, and the export of many accounts at once."""
