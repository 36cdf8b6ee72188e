-- Products with their prices, carts, and the orders that were placed from them.

CREATE SCHEMA IF NOT EXISTS checkout;

CREATE TABLE checkout.products (
    sku text PRIMARY KEY,
    unit_price numeric(12, 2) NOT NULL CHECK (unit_price > 0)
);

CREATE TABLE checkout.carts (
    cart_id text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The price is the one at which the item was put into the cart.
CREATE TABLE checkout.cart_items (
    cart_id text NOT NULL REFERENCES checkout.carts,
    sku text NOT NULL REFERENCES checkout.products,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(12, 2) NOT NULL CHECK (unit_price > 0),
    PRIMARY KEY (cart_id, sku)
);

-- A cart may be ordered again and again, as a standing basket is.
CREATE TABLE checkout.orders (
    order_id text PRIMARY KEY,
    cart_id text NOT NULL REFERENCES checkout.carts,
    total numeric(12, 2) NOT NULL CHECK (total >= 0),
    promotion text,
    placed_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz
);

CREATE INDEX orders_unconfirmed ON checkout.orders (placed_at) WHERE confirmed_at IS NULL;

-- 200 products and 500 standing baskets of 1 to 4 items.
INSERT INTO checkout.products (sku, unit_price)
SELECT 'sku-' || lpad(n::text, 4, '0'), (199 + n * 7919 % 4801)::numeric / 100
FROM generate_series(1, 200) AS n;

INSERT INTO checkout.carts (cart_id)
SELECT 'c-' || lpad(n::text, 4, '0') FROM generate_series(1, 500) AS n;

INSERT INTO checkout.cart_items (cart_id, sku, quantity, unit_price)
SELECT 'c-' || lpad(n::text, 4, '0'), sku, 1 + (n + position) % 3, unit_price
FROM generate_series(1, 500) AS n
CROSS JOIN LATERAL generate_series(1, 1 + n % 4) AS position
JOIN checkout.products ON sku = 'sku-' || lpad((1 + (n * 7 + position * 53) % 200)::text, 4, '0');

ANALYZE checkout.products, checkout.carts, checkout.cart_items;
