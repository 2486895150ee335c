-- The pipelines of this database, one row each; pipeline_status and pipeline_alerts read it.
CREATE DATABASE IF NOT EXISTS {database};
--| if cluster

CREATE DATABASE IF NOT EXISTS {storage};
--| end

CREATE TABLE IF NOT EXISTS {database}.pipelines
(
    pipeline    String,
    function    String,
    kind        LowCardinality(String),
    -- '' if it is the collection's.
    topic       String,
    collection  String,
    group_name  String,
    kafka_table String,
    decoded     String,
    target      String,
    -- The tables and views that it needs.
    tables      Array(String),
    views       Array(String),
    -- Of the layout.
    layout      String,
    fingerprint UInt64,
    release     String,
    -- The interval of --every; 0: none.
    every_seconds   UInt32,
    -- Time without a message after which the source counts as dead (--silence); 0: by the topic's usual pauses.
    silence_seconds UInt32,
    applied_at  DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY pipeline;

-- Changes of stored tables that were applied on this server.
CREATE TABLE IF NOT EXISTS {database}.bundle_migrations
(
    name       String,
    applied_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY name;
