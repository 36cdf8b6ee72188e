"""What exists in a freshly seeded company: the ids that the services' migrations create."""

BILLED_ACCOUNTS = tuple(f"a-{n:03}" for n in range(1, 201))  # billing
ORDERING_ACCOUNTS = tuple(f"a-{n}" for n in range(1, 501))  # orders
CARTS = tuple(f"c-{n:04}" for n in range(1, 501))  # checkout
SKUS = tuple(f"sku-{n:04}" for n in range(1, 201))  # inventory
