-- What was asked for under each key. Charges of the release before are not in it.
CREATE TABLE billing.charge_requests (
    idempotency_key text PRIMARY KEY,
    fingerprint text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);
