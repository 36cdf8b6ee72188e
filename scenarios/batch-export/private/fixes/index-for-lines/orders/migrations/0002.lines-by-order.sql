-- The lines of an order, and an account's latest orders, from the index alone.

CREATE INDEX lines_by_order ON orders.lines (order_id, position) INCLUDE (sku, quantity, unit_price, amount);

CREATE INDEX orders_by_account_with_total ON orders.orders (account, placed_at DESC, order_id DESC) INCLUDE (total);

ANALYZE orders.orders, orders.lines;
