-- A key has one charge whatever its amount, so it is the key alone that charges are looked up by.
ALTER TABLE billing.charges DROP CONSTRAINT charges_key_amount;
CREATE INDEX charges_key ON billing.charges (idempotency_key);

-- The amount to the cent; null where the release before has placed the charge.
ALTER TABLE billing.charges ADD COLUMN due numeric(14, 2);
