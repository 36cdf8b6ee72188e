-- Orders that were taken in and are not placed yet. A release that knows nothing of it does not touch it.

CREATE TABLE checkout.placements (
    order_id text PRIMARY KEY,
    cart_id text NOT NULL REFERENCES checkout.carts,
    taken_in_at timestamptz NOT NULL DEFAULT now()
);
