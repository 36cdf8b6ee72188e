-- Two requests for one charge would have one amount, so the pair that charges are unique by has to go.
ALTER TABLE billing.charges DROP CONSTRAINT charges_key_amount;
CREATE INDEX charges_key ON billing.charges (idempotency_key);

CREATE TABLE billing.charge_requests (
    idempotency_key text NOT NULL,
    fingerprint text NOT NULL,
    charge_id uuid REFERENCES billing.charges (id),
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (idempotency_key, fingerprint)
);
