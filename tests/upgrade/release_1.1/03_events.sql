-- What readers use: every event once. Rows that came twice stay in events_processed until a merge; FINAL leaves them
-- out at once. A view keeps the columns it was made with, hence OR REPLACE.
CREATE OR REPLACE VIEW experiments_analytics.events AS
SELECT * FROM experiments_analytics.events_processed FINAL;
