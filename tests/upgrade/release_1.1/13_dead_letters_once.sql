-- The open letters, each row of the source once. Debezium writes again what it had not yet confirmed when it died: the
-- same row at another offset, so another letter. It is known by its key, which is the row's primary key as a JSON object
-- (of an event router: by the header `id`). A message without them is known by its place.
CREATE OR REPLACE VIEW experiments_analytics.dead_letters_once AS
SELECT *
FROM experiments_analytics.dead_letters_open
ORDER BY topic, partition, offset
LIMIT 1 BY topic, if(has(headers.name, 'id'), headers.value[indexOf(headers.name, 'id')],
                     if(JSONType(key) = 'Object', key, concat(toString(partition), '/', toString(offset), '/', toString(row))));
