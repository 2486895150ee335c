"""Real servers for the demo and the tests: a ClickHouse engine and a Kafka broker, on free ports, in a folder each."""
