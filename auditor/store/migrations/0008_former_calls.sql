-- Logs that are read again keep what was paid for, where the ids of their calls have changed.
CREATE TABLE former_calls (
    source_id    VARCHAR NOT NULL,
    record_no    BIGINT NOT NULL,
    call_id      VARCHAR NOT NULL,
    request_hash VARCHAR NOT NULL
);
