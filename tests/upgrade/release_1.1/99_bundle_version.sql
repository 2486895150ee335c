-- Which release of the bundle this is. The last step: what says so has all of it.
CREATE OR REPLACE VIEW experiments_analytics.bundle_version AS
SELECT '1.1.0' AS version, (SELECT max(name) FROM experiments_analytics.bundle_migrations) AS last_migration;
