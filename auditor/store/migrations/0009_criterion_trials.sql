-- What each criterion notices of wrong answers planted in its category.
CREATE TABLE criterion_trials (
    criterion_id   VARCHAR NOT NULL,
    category_id    VARCHAR NOT NULL,
    mutation       VARCHAR NOT NULL,
    content        BOOLEAN NOT NULL,
    planted        INTEGER NOT NULL,
    caught         INTEGER NOT NULL,
    untold         INTEGER NOT NULL,
    missed         VARCHAR,
    missed_call_id VARCHAR
);
CREATE TABLE criterion_baselines (
    criterion_id  VARCHAR NOT NULL,
    category_id   VARCHAR NOT NULL,
    answers       INTEGER NOT NULL,
    passed        INTEGER NOT NULL,
    untold        INTEGER NOT NULL,
    content_share DOUBLE,
    failures      JSON
);
