-- Everything of the bundle lives in one database.
CREATE DATABASE IF NOT EXISTS experiments_analytics;
