"""The stream room: Kafka records in, scored and stored mentions out, offsets committed only after the commit.

A reader follows a record down these files: `app` (Faust) -> `intake` (batches) -> `pipeline` (the five
steps) -> `texts` and `images` (scoring) -> `announcements` (findings, dead letters) -> `ledger` (what may
be committed).
"""
