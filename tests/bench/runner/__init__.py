"""What tests/bench/run is made of: brokers to start, work to give them, a table to print."""
