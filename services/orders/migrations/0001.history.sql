-- Accounts, their orders and the lines of each order, with a history to look at.

CREATE SCHEMA IF NOT EXISTS orders;

CREATE TABLE orders.accounts (
    account text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE orders.orders (
    order_id bigint PRIMARY KEY,
    account text NOT NULL REFERENCES orders.accounts,
    placed_at timestamptz NOT NULL,
    total numeric(12, 2) NOT NULL CHECK (total >= 0)
);

CREATE TABLE orders.lines (
    order_id bigint NOT NULL REFERENCES orders.orders,
    position smallint NOT NULL,
    sku text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(12, 2) NOT NULL CHECK (unit_price >= 0),
    amount numeric(12, 2) NOT NULL CHECK (amount = quantity * unit_price),
    PRIMARY KEY (order_id, position)
);

-- 500 accounts of 40 orders of 3 lines. Order n belongs to account n mod 500, so that an account's orders are spread
-- over the table, as orders that come in over a year are.
CREATE TEMPORARY TABLE seed_lines ON COMMIT DROP AS
SELECT order_id,
       position,
       'sku-' || 1 + (order_id * 7 + position * 13) % 200 AS sku,
       1 + (order_id + position * 5) % 4 AS quantity,
       (199 + (order_id * 7919 + position * 104729) % 14797)::numeric / 100 AS unit_price
FROM generate_series(1, 20000) AS order_id, generate_series(1, 3) AS position;

INSERT INTO orders.accounts (account, name)
SELECT 'a-' || n, 'Account ' || n FROM generate_series(1, 500) AS n;

INSERT INTO orders.orders (order_id, account, placed_at, total)
SELECT order_id,
       'a-' || 1 + (order_id - 1) % 500,
       timestamptz '2025-11-01 08:00:00+00' + order_id * interval '25 minutes' + order_id * 37 % 900 * interval '1 second',
       sum(quantity * unit_price)
FROM seed_lines GROUP BY order_id ORDER BY order_id;

INSERT INTO orders.lines (order_id, position, sku, quantity, unit_price, amount)
SELECT order_id, position, sku, quantity, unit_price, quantity * unit_price
FROM seed_lines ORDER BY order_id, position;

CREATE INDEX orders_by_account ON orders.orders (account, placed_at DESC, order_id DESC);

ANALYZE orders.accounts, orders.orders, orders.lines;
