-- What can still be reserved of each product, and who has reserved what.

CREATE SCHEMA IF NOT EXISTS inventory;

CREATE TABLE inventory.stock (
    sku text PRIMARY KEY,
    available integer NOT NULL CHECK (available >= 0)
);

-- A reservation is open until it is confirmed, or until it expires and its items go back to the stock.
CREATE TABLE inventory.reservations (
    order_id text PRIMARY KEY,
    cart_id text NOT NULL,
    promotion text,
    discount numeric(12, 2) NOT NULL CHECK (discount >= 0),
    expires_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    returned_at timestamptz,
    CHECK (confirmed_at IS NULL OR returned_at IS NULL)
);

CREATE INDEX reservations_open ON inventory.reservations (expires_at)
WHERE confirmed_at IS NULL AND returned_at IS NULL;

CREATE TABLE inventory.reservation_items (
    order_id text NOT NULL REFERENCES inventory.reservations,
    sku text NOT NULL REFERENCES inventory.stock,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, sku)
);

INSERT INTO inventory.stock (sku, available)
SELECT 'sku-' || lpad(n::text, 4, '0'), 1000000 FROM generate_series(1, 200) AS n;

ANALYZE inventory.stock;
