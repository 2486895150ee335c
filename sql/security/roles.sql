-- The roles of sql/config/users.d/experiments_roles.xml for servers whose users are made by SQL; use one of the two.
-- Then: GRANT experiments_analyst TO somebody;

-- Reads events, experiments and their results; no message, no dead letter; changes nothing.
CREATE ROLE IF NOT EXISTS experiments_analyst;
GRANT SELECT ON experiments_analytics.events TO experiments_analyst;
GRANT SELECT ON experiments_analytics.events_processed TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_events TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_settings TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_rules TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_metrics TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_metrics_defined TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_excluded_users TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_moments TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_states TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_computing TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_users TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_users_now TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_summary TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_left_out TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_left_out_users TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_results TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_segment_results TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_plan TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_before TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_results_now TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_segment_results_now TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_comparisons TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_estimates TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_moments TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_metrics_defined TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_list TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiment_variants TO experiments_analyst;
GRANT SELECT ON experiments_analytics.experiments TO experiments_analyst;
GRANT SELECT ON experiments_analytics.variants_seen TO experiments_analyst;
GRANT SELECT ON experiments_analytics.users_by_day TO experiments_analyst;
GRANT SELECT ON experiments_analytics.events_by_minute TO experiments_analyst;
GRANT SELECT ON experiments_analytics.events_by_hour TO experiments_analyst;
GRANT SELECT ON experiments_analytics.events_by_day TO experiments_analyst;
GRANT SELECT ON experiments_analytics.page_pipeline TO experiments_analyst;
GRANT SELECT ON experiments_analytics.page_left_out TO experiments_analyst;

-- Writes messages into the pipeline, by batches and backfills; reads nothing but the topic of the batch way.
CREATE ROLE IF NOT EXISTS experiments_ingestion;
GRANT INSERT ON experiments_analytics.decoded_events TO experiments_ingestion;
-- The views behind it read what is inserted; it stores nothing.
GRANT SELECT ON experiments_analytics.decoded_events TO experiments_ingestion;
GRANT SELECT ON experiments_analytics.raw_events_kafka_batch TO experiments_ingestion;

-- Watches the pipeline, reads dead letters and replays them, names experiments.
CREATE ROLE IF NOT EXISTS experiments_operator;
GRANT SELECT ON experiments_analytics.dead_letters TO experiments_operator;
GRANT SELECT ON experiments_analytics.dead_letters_open TO experiments_operator;
GRANT SELECT ON experiments_analytics.dead_letters_once TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_minutes TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_offsets TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_offsets_audited TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_gaps TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipelines TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_unmapped TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_watch TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_losses TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_consumers TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_registrations TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_positions TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_arrivals TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_faults TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_status TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_alerts TO experiments_operator;
GRANT SELECT ON experiments_analytics.pipeline_metrics TO experiments_operator;
GRANT SELECT ON experiments_analytics.bundle_version TO experiments_operator;
GRANT SELECT ON experiments_analytics.bundle_migrations TO experiments_operator;
GRANT SELECT ON experiments_analytics.experiment_settings TO experiments_operator;
GRANT INSERT ON experiments_analytics.decoded_events TO experiments_operator;
-- The views behind it read what is inserted; it stores nothing.
GRANT SELECT ON experiments_analytics.decoded_events TO experiments_operator;
GRANT INSERT ON experiments_analytics.experiment_settings TO experiments_operator;
GRANT SELECT ON experiments_analytics.experiment_metrics TO experiments_operator;
GRANT INSERT ON experiments_analytics.experiment_metrics TO experiments_operator;
GRANT SELECT ON experiments_analytics.experiment_excluded_users TO experiments_operator;
GRANT INSERT ON experiments_analytics.experiment_excluded_users TO experiments_operator;
GRANT INSERT ON experiments_analytics.experiment_checks TO experiments_operator;
GRANT SELECT ON experiments_analytics.experiment_batches TO experiments_operator;
GRANT SELECT ON experiments_analytics.experiment_computing TO experiments_operator;
GRANT SELECT ON experiments_analytics.experiment_differences TO experiments_operator;
GRANT INSERT ON experiments_analytics.pipeline_offsets_audited TO experiments_operator;
GRANT INSERT ON experiments_analytics.pipeline_watch TO experiments_operator;
GRANT SHOW TABLES ON experiments_analytics.* TO experiments_operator;
GRANT SYSTEM VIEWS ON experiments_analytics.* TO experiments_operator;
GRANT SELECT ON system.kafka_consumers TO experiments_operator;
GRANT SELECT ON system.parts TO experiments_operator;
GRANT SELECT ON system.named_collections TO experiments_operator;
GRANT SHOW NAMED COLLECTIONS ON experiments_kafka TO experiments_operator;
GRANT SELECT ON system.view_refreshes TO experiments_operator;
GRANT SELECT ON system.errors TO experiments_operator;
GRANT SELECT ON system.replicas TO experiments_operator;
GRANT SELECT ON system.server_settings TO experiments_operator;
GRANT SELECT ON system.user_defined_functions TO experiments_operator;
