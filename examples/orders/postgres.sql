-- What the orders team has in PostgreSQL. Nothing is added for the pipeline's sake.
CREATE TABLE IF NOT EXISTS orders
(
    id            uuid PRIMARY KEY,
    customer_id   bigint NOT NULL,
    status        text NOT NULL,
    total         numeric(12, 2) NOT NULL,
    exchange_rate numeric,                 -- no scale of its own
    items         integer NOT NULL,
    gift          boolean,
    coupon        uuid,
    ordered_on    date NOT NULL,
    due_on        date,
    created_at    timestamptz NOT NULL,
    updated_at    timestamp NOT NULL,
    instructions  text,                    -- may be long, and NULL
    -- {"shipping": {"city", "method", "price": "4.90"}, "payment": {"fee": 0.35, "paid_at"}, "discount": "0.10", "lines": [{"sku"}]}
    details       jsonb NOT NULL
);
