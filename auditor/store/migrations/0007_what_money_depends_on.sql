-- Prices depend on the region and the hour, and on more than tokens of text; a provider's own bill is
-- told from a log's estimate. Calls that are known keep their amounts.
ALTER TABLE calls ADD COLUMN extra_units JSON;
ALTER TABLE calls ADD COLUMN inner_usage JSON;
ALTER TABLE calls ADD COLUMN context_tokens BIGINT;
ALTER TABLE calls ADD COLUMN region VARCHAR;
ALTER TABLE calls ADD COLUMN logged_cost_by VARCHAR;
ALTER TABLE calls ADD COLUMN copy_key VARCHAR;
ALTER TABLE rate_card RENAME TO rate_card_before;
CREATE TABLE rate_card (
    provider         VARCHAR NOT NULL,
    model            VARCHAR NOT NULL,
    day              DATE NOT NULL,
    service_tier     VARCHAR NOT NULL,
    region           VARCHAR NOT NULL,
    from_minute      INTEGER NOT NULL,
    to_minute        INTEGER NOT NULL,
    above_tokens     BIGINT NOT NULL,
    up_to_tokens     BIGINT NOT NULL,
    input_usd        DECIMAL(24, 18) NOT NULL,
    cache_read_usd   DECIMAL(24, 18) NOT NULL,
    cache_write_5m_usd DECIMAL(24, 18) NOT NULL,
    cache_write_1h_usd DECIMAL(24, 18) NOT NULL,
    output_usd       DECIMAL(24, 18) NOT NULL,
    request_usd      DECIMAL(24, 18) NOT NULL,
    web_search_usd   DECIMAL(24, 18),
    extra_usd        JSON NOT NULL,
    basis            VARCHAR NOT NULL,
    price_source     VARCHAR NOT NULL
);
INSERT INTO rate_card BY NAME
SELECT *, '' AS region, 0 AS from_minute, 1440 AS to_minute, '{}' AS extra_usd FROM rate_card_before;
DROP TABLE rate_card_before;
