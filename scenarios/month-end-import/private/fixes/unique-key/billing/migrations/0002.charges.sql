-- Null where the release before has placed the charge.
ALTER TABLE billing.charges ADD COLUMN cents bigint;
ALTER TABLE billing.charges ADD CONSTRAINT charges_key UNIQUE (idempotency_key);
