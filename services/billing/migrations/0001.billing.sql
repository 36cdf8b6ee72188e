CREATE TABLE billing.accounts (
    id text PRIMARY KEY,
    balance numeric NOT NULL DEFAULT 0
);

CREATE TABLE billing.charges (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    idempotency_key text NOT NULL,
    account text NOT NULL REFERENCES billing.accounts (id),
    amount double precision NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT charges_key_amount UNIQUE (idempotency_key, amount)
);

CREATE INDEX charges_account ON billing.charges (account, created_at);

CREATE TABLE billing.charge_lines (
    charge_id uuid NOT NULL REFERENCES billing.charges (id),
    line integer NOT NULL,
    description text NOT NULL,
    net numeric(12, 2) NOT NULL,
    tax numeric(12, 2) NOT NULL,
    PRIMARY KEY (charge_id, line)
);

-- What still has to reach the processor. A row goes when the processor has answered for it.
CREATE TABLE billing.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idempotency_key text NOT NULL,
    account text NOT NULL,
    lines jsonb NOT NULL,
    traceparent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    refused_at timestamptz
);

CREATE TABLE billing.adjustments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE,
    request jsonb NOT NULL,
    answer jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Every movement of money, oldest first; positions become visible in their order.
CREATE TABLE billing.book (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('charge', 'adjustment')),
    charge_key text NOT NULL,
    account text NOT NULL REFERENCES billing.accounts (id),
    amount numeric(14, 2) NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX book_charge_key ON billing.book (charge_key);

CREATE FUNCTION billing.refuse_change() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN RAISE EXCEPTION ''billing.book is append-only: post an adjustment instead''; END';

CREATE TRIGGER book_append_only BEFORE UPDATE OR DELETE ON billing.book
FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_change();

INSERT INTO billing.accounts (id)
SELECT 'a-' || lpad(n::text, 3, '0') FROM generate_series(1, 200) AS n;
