-- Orders that differ from PostgreSQL's, column by column; no row where all is equal. Ask when writes pause, or twice: a change
-- on its way is a difference, too. `orders_postgres` is a named collection with host, port, user, password and database.
WITH
    source AS
    (
        SELECT * FROM postgresql(orders_postgres, table = 'orders')
    ),
    difference AS
    (
        SELECT
            if(source.id != toUUID('00000000-0000-0000-0000-000000000000'), source.id, target.id) AS id,
            multiIf(source.id != target.id AND target.version = 0, ['missing here'],
                    source.id != target.id, ['deleted there'],
                    arrayFilter(name -> name != '', [
                        if(source.customer_id = target.customer_id, '', 'customer_id'),
                        if(source.status = target.status, '', 'status'),
                        if(source.total = target.total, '', 'total'),
                        if(toDecimal128(source.exchange_rate, 10) <=> target.exchange_rate, '', 'exchange_rate'),
                        if(source.items = target.items, '', 'items'),
                        if(source.gift <=> target.gift, '', 'gift'),
                        if(source.coupon <=> target.coupon, '', 'coupon'),
                        if(toDate32(source.ordered_on) = target.ordered_on, '', 'ordered_on'),
                        if(toDate32(source.due_on) <=> target.due_on, '', 'due_on'),
                        if(source.created_at = target.created_at, '', 'created_at'),
                        if(source.updated_at = target.updated_at, '', 'updated_at'),
                        if(source.instructions <=> target.instructions, '', 'instructions'),
                        if(source.details = target.details, '', 'details')])) AS columns
        FROM source FULL JOIN shop.orders AS target ON source.id = target.id
    )
SELECT id, columns FROM difference WHERE notEmpty(columns) ORDER BY id
SETTINGS join_use_nulls = 0;
