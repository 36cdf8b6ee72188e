-- The processor's own book.
CREATE TABLE processor.charges (
    idempotency_key text COLLATE "C" PRIMARY KEY,
    account text NOT NULL,
    cents bigint NOT NULL CHECK (cents > 0),
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX charges_received_at ON processor.charges (received_at);

-- Both books side by side, a row per key.
CREATE TABLE processor.comparison (
    idempotency_key text COLLATE "C" PRIMARY KEY,
    account text NOT NULL,
    billing_cents bigint NOT NULL DEFAULT 0,
    processor_cents bigint NOT NULL DEFAULT 0,
    difference bigint NOT NULL GENERATED ALWAYS AS (billing_cents - processor_cents) STORED,
    first_position bigint, -- of the key's first entry in billing's book; null: not there yet
    last_position bigint,
    received boolean NOT NULL DEFAULT false, -- by the processor
    since timestamptz NOT NULL DEFAULT now(), -- when the first of the two sides was seen
    overdue boolean NOT NULL DEFAULT false -- the other side should have come by now
);

-- Books agree nearly everywhere: what a tick looks at stays small.
CREATE INDEX comparison_unequal ON processor.comparison (idempotency_key) WHERE difference <> 0;
CREATE INDEX comparison_received ON processor.comparison (first_position) WHERE received;

CREATE VIEW processor.differing AS
SELECT idempotency_key, account, billing_cents, processor_cents, difference, last_position
FROM processor.comparison
WHERE difference <> 0 AND (overdue OR (received AND first_position IS NOT NULL));

CREATE TABLE processor.progress (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    position bigint NOT NULL DEFAULT 0, -- billing's book has been read up to here
    as_of timestamptz, -- the start of the last reading that came to the book's end
    connected_since timestamptz -- since when such readings have followed each other without a long gap
);

INSERT INTO processor.progress DEFAULT VALUES;
