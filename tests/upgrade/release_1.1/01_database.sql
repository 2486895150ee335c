-- Everything of the bundle lives in one database.
CREATE DATABASE IF NOT EXISTS experiments_analytics;

-- The files of migrations/ that this server has been through (apply.sh writes it).
CREATE TABLE IF NOT EXISTS experiments_analytics.bundle_migrations
(
    name       String,
    applied_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY name;
