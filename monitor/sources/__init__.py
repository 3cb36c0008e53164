"""Where mentions come from: collectors that ask platforms and publish to Kafka, and nothing else.

A source is a small class (`interface`); `runner` publishes what it finds, waits for Kafka's acknowledgement
and only then moves its cursor.
"""
