-- The pipelines of this database, a row each: pipeline_status and pipeline_alerts go by it.
CREATE DATABASE IF NOT EXISTS {database};
--| if cluster

CREATE DATABASE IF NOT EXISTS {storage};
--| end

CREATE TABLE IF NOT EXISTS {database}.pipelines
(
    pipeline    String,
    function    String,
    kind        LowCardinality(String),
    -- '' where the collection names it.
    topic       String,
    collection  String,
    group_name  String,
    kafka_table String,
    decoded     String,
    target      String,
    -- What must be there for it to run.
    tables      Array(String),
    views       Array(String),
    -- Of the layout.
    layout      String,
    fingerprint UInt64,
    release     String,
    -- How often it reads; 0: all the time.
    every_seconds   UInt32,
    -- After so long without a message the source is taken for dead; 0: pipeline_status goes by the topic's own rhythm.
    silence_seconds UInt32,
    applied_at  DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY pipeline;

-- Changes of stored tables that this server has been through.
CREATE TABLE IF NOT EXISTS {database}.bundle_migrations
(
    name       String,
    applied_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY name;
