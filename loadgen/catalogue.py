"""What exists in a freshly seeded company: the ids that the services' migrations create."""

ACCOUNTS = tuple(f"a-{n}" for n in range(1, 201))
CARTS = tuple(f"c-{n}" for n in range(1, 401))
SKUS = tuple(f"sku-{n}" for n in range(1, 51))
