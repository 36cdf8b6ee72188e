-- Who inserts a key here places its charge. Charges of the release before are found by their key in billing.charges.
CREATE TABLE billing.charge_keys (
    idempotency_key text PRIMARY KEY,
    claimed_at timestamptz NOT NULL DEFAULT now()
);

-- The amount to the cent; null where the release before has placed the charge.
ALTER TABLE billing.charges ADD COLUMN due numeric(14, 2);
