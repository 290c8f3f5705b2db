-- auditor's data contract. One DuckDB file; each stage owns the tables under its heading: only that
-- stage writes them, any later stage may read them. The words behind a column become its COMMENT.
-- No foreign keys (replacing two tables in one transaction would fail) and no keys on the big
-- tables (they triple the time of an insert): store.check() runs the queries that hold instead.

-- store ------------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS meta (
    key   VARCHAR PRIMARY KEY,  -- name of the fact
    value VARCHAR NOT NULL      -- its value as text
);
COMMENT ON TABLE meta IS 'store: key-value facts about this file; schema_version above all.';

CREATE TABLE IF NOT EXISTS stage_runs (
    run_id       VARCHAR NOT NULL,      -- id of this run
    stage        VARCHAR NOT NULL,      -- name of the stage
    fingerprint  VARCHAR NOT NULL,      -- hash of code version, settings and the fingerprints it rests on
    settings     JSON,                  -- the settings the stage ran with
    status       VARCHAR NOT NULL CHECK (status IN ('running', 'done', 'partial', 'failed')),  -- how it ended; partial: interrupted, the same command goes on
    started_at   TIMESTAMPTZ NOT NULL,  -- when it began
    seen_at      TIMESTAMPTZ,           -- last sign of life of a running stage
    finished_at  TIMESTAMPTZ,           -- when it ended
    done         BIGINT,                -- units done so far
    total        BIGINT,                -- units to do, NULL when not known
    note         VARCHAR,               -- what it is doing, in words
    rows_read    BIGINT,                -- rows read
    rows_written BIGINT,                -- rows written
    detail       JSON                   -- what the stage wants kept: warnings, counts, versions
);
COMMENT ON TABLE stage_runs IS 'store: one row per run of a stage; says what is stale and what the report rests on.';

-- ingest -----------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS sources (
    source_id   VARCHAR PRIMARY KEY,    -- id of the file: hash of its path and first bytes
    path        VARCHAR NOT NULL,       -- where it was read, absolute
    reader      VARCHAR,                -- the format most of its records have
    size_bytes  BIGINT NOT NULL,        -- size when last read
    modified_at TIMESTAMPTZ,            -- modification time when last read
    head_hash   VARCHAR NOT NULL,       -- hash of the first bytes: is it still the same file?
    tail_hash   VARCHAR NOT NULL,       -- hash of the bytes before bytes_read: did it only grow?
    bytes_read  BIGINT NOT NULL,        -- how far it was read; reading goes on from here
    complete    BOOLEAN NOT NULL,       -- false while it is being read or after an interruption
    records     BIGINT NOT NULL,        -- records seen: calls + duplicates + not_calls + rejects, always
    calls       BIGINT NOT NULL,        -- records that became a call
    duplicates  BIGINT NOT NULL,        -- records of a call that was known already
    not_calls   BIGINT NOT NULL,        -- records that are no call by design: wrapper spans, metadata, blank lines
    rejects     BIGINT NOT NULL,        -- records that could not be read, each one in rejects
    ingested_at TIMESTAMPTZ NOT NULL,   -- when it was read last
    conditions  VARCHAR                 -- the filter it was read under; NULL: every call was taken
);
COMMENT ON TABLE sources IS 'ingest: one row per log file read, known by size, time, head and tail.';

CREATE TABLE IF NOT EXISTS records (
    source_id   VARCHAR NOT NULL,       -- the file
    member      VARCHAR,                -- file inside an archive or table inside a database, else NULL
    record_no   BIGINT NOT NULL,        -- position in the source, from 1
    byte_offset BIGINT,                 -- where it begins in the uncompressed bytes, NULL where there are none
    outcome     VARCHAR NOT NULL CHECK (outcome IN ('call', 'duplicate', 'not-call', 'reject')),  -- what became of it
    call_id     VARCHAR                 -- the call it is, or is a duplicate of
);
COMMENT ON TABLE records IS 'ingest: every record of every source and what became of it. Nothing is dropped in silence.';

CREATE TABLE IF NOT EXISTS rejects (
    source_id   VARCHAR NOT NULL,       -- the file
    member      VARCHAR,                -- file inside an archive or table inside a database, else NULL
    record_no   BIGINT NOT NULL,        -- position in the source, from 1
    line_no     BIGINT,                 -- line, from 1, NULL where there are no lines
    byte_offset BIGINT,                 -- where it begins in the uncompressed bytes
    reason      VARCHAR NOT NULL,       -- a slug: bad-json, not-utf8, unknown-format, ...
    detail      VARCHAR,                -- the reader's own words
    excerpt     VARCHAR                 -- its first characters, secrets masked
);
COMMENT ON TABLE rejects IS 'ingest: every record that is not a call and should have been, with the reason.';

CREATE TABLE IF NOT EXISTS calls (
    call_id                  VARCHAR NOT NULL,  -- hash of the provider response id, else of the content; unique, see checks
    log_id                   VARCHAR,           -- the id the log itself gives the record
    provider_response_id     VARCHAR,           -- the provider's id of the response: links one call seen through two sources
    source_id                VARCHAR NOT NULL,  -- the file it was first seen in
    record_no                BIGINT NOT NULL,   -- position in that file, from 1
    line_no                  BIGINT,            -- line in that file, NULL where there are no lines
    reader                   VARCHAR NOT NULL,  -- the format of the record
    called_at                TIMESTAMPTZ,       -- when the request began
    time_kind                VARCHAR,           -- start, end or file: what called_at really is
    latency_ms               DOUBLE,            -- request to last byte, ms; NULL unknown
    ttft_ms                  DOUBLE,            -- request to first token, ms; NULL unknown
    provider                 VARCHAR,           -- who was billed: openai, anthropic, ...
    model                    VARCHAR,           -- model that answered, else the one asked for
    model_requested          VARCHAR,           -- model asked for
    endpoint                 VARCHAR,           -- path or operation, as logged
    api_shape                VARCHAR NOT NULL,  -- chat, responses, messages, converse, gemini, embeddings, completion, other
    conversation_id          VARCHAR,           -- session or conversation, as logged
    trace_id                 VARCHAR,           -- trace, as logged
    parent_id                VARCHAR,           -- parent span, as logged
    attempt_no               INTEGER,           -- 1 for the first try of a request, counted within its trace or conversation until one is answered
    project                  VARCHAR,           -- project, app or service
    user_id                  VARCHAR,           -- end user, as logged
    api_key_id               VARCHAR,           -- name or hash of the key, never the key
    team                     VARCHAR,           -- team or organisation
    tags                     JSON,              -- other labels of the log, flat
    status                   VARCHAR NOT NULL CHECK (status IN ('ok', 'error', 'cancelled', 'cached_by_gateway', 'unknown')),  -- how the call ended
    http_status              INTEGER,           -- HTTP status, as logged
    error                    VARCHAR,           -- error type or message of a failed call
    finish_reason            VARCHAR,           -- why the answer ended: stop, length, tool_calls, ...
    choices                  INTEGER,           -- number of answers asked for
    content_state            VARCHAR NOT NULL CHECK (content_state IN ('full', 'truncated', 'redacted', 'absent', 'partial')),  -- how much of prompt and answer the log holds
    usage_state              VARCHAR NOT NULL CHECK (usage_state IN ('provider', 'gateway_estimated', 'estimated', 'absent', 'aggregate')),  -- where the token counts come from
    input_uncached_tokens    BIGINT,            -- input tokens neither read from nor written to a cache; disjoint from the next three
    cache_read_tokens        BIGINT,            -- input tokens read from a prompt cache
    cache_write_5m_tokens    BIGINT,            -- input tokens written to a cache for 5 minutes, or for an unstated time
    cache_write_1h_tokens    BIGINT,            -- input tokens written to a cache for 1 hour
    output_tokens            BIGINT,            -- output tokens, reasoning included
    reasoning_tokens         BIGINT,            -- the part of output_tokens that was reasoning; NULL not told
    web_searches             BIGINT,            -- searches of the web that the provider ran and bills one by one; NULL not told
    service_tier             VARCHAR NOT NULL,  -- standard, batch, flex or priority
    needs_vision             BOOLEAN NOT NULL,  -- the request holds an image or a document
    needs_hosted_tools       BOOLEAN NOT NULL,  -- the answer rests on tools that run at the provider
    tool_names               VARCHAR[],         -- names of the tools offered, sorted
    response_format          VARCHAR,           -- json_object, json_schema:<name>, ... NULL for text
    request_hash             VARCHAR,           -- keyed hash of the whole request before masking: equal requests, equal hash
    masked                   INTEGER NOT NULL,  -- secrets and personal data replaced by placeholders
    logged_cost_usd          DECIMAL(18, 12),   -- what the log says it cost
    computed_cost_usd        DECIMAL(18, 12),   -- price book times tokens; NULL: no price or no tokens
    cost_usd                 DECIMAL(18, 12),   -- the amount used everywhere; NULL: unpriced
    cost_low_usd             DECIMAL(18, 12),   -- lower bound where tokens are estimated, else cost_usd
    cost_high_usd            DECIMAL(18, 12),   -- upper bound where tokens are estimated, else cost_usd
    cost_basis               VARCHAR NOT NULL CHECK (cost_basis IN ('price-book', 'override', 'logged', 'estimated', 'free', 'unpriced'))  -- where cost_usd comes from
);
COMMENT ON TABLE calls IS 'ingest: one row per logged LLM API call: its figures. Texts are in contents.';

CREATE TABLE IF NOT EXISTS contents (
    call_id       VARCHAR NOT NULL,     -- the call
    system_text   VARCHAR,              -- system prompt, text parts joined
    messages      JSON USING COMPRESSION zstd,  -- the other messages in OpenAI's chat shape; images as {type, sha256, bytes}
    tools         JSON,                 -- tool definitions in OpenAI's shape
    params        JSON,                 -- parameters under OpenAI's names: temperature, max_tokens, response_format, ...
    response_text VARCHAR USING COMPRESSION zstd,  -- text of the first answer
    tool_calls    JSON                  -- tool calls of the first answer in OpenAI's shape
);
COMMENT ON TABLE contents IS 'ingest: the texts of a call, secrets masked; auditor purge --text empties it and keeps the figures.';

CREATE TABLE IF NOT EXISTS call_sensitivity (
    call_id VARCHAR NOT NULL,           -- the call
    rule_id VARCHAR NOT NULL,           -- the rule that matched, never the value
    class   VARCHAR NOT NULL,           -- secret, financial, gov_id, contact, ...
    n       INTEGER NOT NULL            -- how often
);
COMMENT ON TABLE call_sensitivity IS 'ingest: which kinds of sensitive data a call holds, by rule, never the value.';

CREATE TABLE IF NOT EXISTS rate_card (
    provider         VARCHAR NOT NULL,  -- provider of the call
    model            VARCHAR NOT NULL,  -- model of the call
    day              DATE NOT NULL,     -- day of the call, UTC
    service_tier     VARCHAR NOT NULL,  -- standard, batch, flex or priority
    above_tokens     BIGINT NOT NULL,   -- the row holds for calls with more input tokens than this (-1: all)
    up_to_tokens     BIGINT NOT NULL,   -- and at most this many
    input_usd        DECIMAL(24, 18) NOT NULL,  -- USD per uncached input token
    cache_read_usd   DECIMAL(24, 18) NOT NULL,  -- USD per input token read from a cache
    cache_write_5m_usd DECIMAL(24, 18) NOT NULL,  -- USD per input token written for 5 minutes
    cache_write_1h_usd DECIMAL(24, 18) NOT NULL,  -- USD per input token written for 1 hour
    output_usd       DECIMAL(24, 18) NOT NULL,  -- USD per output token
    request_usd      DECIMAL(24, 18) NOT NULL,  -- USD per request
    web_search_usd   DECIMAL(24, 18),   -- USD per search of the web; NULL: not known
    basis            VARCHAR NOT NULL,  -- price-book, override or free
    price_source     VARCHAR NOT NULL   -- which book, which version, which entry
);
COMMENT ON TABLE rate_card IS 'ingest: the unit prices that were applied, per provider, model, day and tier.';

-- categorize -------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS categories (
    category_id   VARCHAR PRIMARY KEY,  -- stable id, kept when new logs arrive
    name          VARCHAR NOT NULL,     -- what people call it; unique
    name_origin   VARCHAR NOT NULL CHECK (name_origin IN ('rule', 'user', 'model')),  -- who named it
    method        VARCHAR NOT NULL CHECK (method IN ('route', 'residual', 'tag', 'user')),  -- how it was found
    task_type     VARCHAR,              -- classify, extract, sql, chat, ... by rule
    output_shape  VARCHAR,              -- what most of its answers look like: json, label, sql, prose, ...
    ignored       BOOLEAN NOT NULL DEFAULT false,  -- the user wants it left out of replay
    confidence    DOUBLE                -- 0 to 1: how sure the assignment of its calls is
);
COMMENT ON TABLE categories IS 'categorize: the task categories, the unit of spend, replay and verdict.';

CREATE TABLE IF NOT EXISTS routes (
    route_id       VARCHAR PRIMARY KEY, -- hash of structural key and constant tokens
    category_id    VARCHAR NOT NULL,    -- the category it belongs to
    name           VARCHAR NOT NULL,    -- name of the route
    template       VARCHAR,             -- its constant text with slots
    rule           JSON NOT NULL,       -- matching rule for one request: fragments, tools, format
    evidence       JSON NOT NULL,       -- share of constant tokens, shapes, example call ids, ...
    output_shape   VARCHAR,             -- what most of its answers look like
    born_at        TIMESTAMPTZ          -- when it was first found
);
COMMENT ON TABLE routes IS 'categorize: places in the caller''s code that calls come from, each with a rule that finds it again.';

CREATE TABLE IF NOT EXISTS call_categories (
    call_id      VARCHAR NOT NULL,      -- the call
    category_id  VARCHAR NOT NULL,      -- its category
    route_id     VARCHAR NOT NULL,      -- its route
    output_shape VARCHAR,               -- what its logged answer looks like
    confidence   DOUBLE NOT NULL        -- 0 to 1
);
COMMENT ON TABLE call_categories IS 'categorize: each call in exactly one category.';

CREATE TABLE IF NOT EXISTS category_aliases (
    alias       VARCHAR PRIMARY KEY,    -- an id or name that the category once had
    category_id VARCHAR NOT NULL        -- what it is now
);
COMMENT ON TABLE category_aliases IS 'categorize: former ids and names of categories, after a merge or a new name.';

CREATE TABLE IF NOT EXISTS overrides (
    override_no BIGINT NOT NULL,        -- order in which they are applied
    kind        VARCHAR NOT NULL,       -- rename, merge, split, pin, ignore, group-by, ...
    subject     VARCHAR NOT NULL,       -- category or route it speaks of
    value       JSON NOT NULL,          -- what the user said
    said_at     TIMESTAMPTZ NOT NULL    -- when
);
COMMENT ON TABLE overrides IS 'categorize: what the user said of categories; kept when they are found anew.';

-- sample -----------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS candidates (
    candidate_id   VARCHAR PRIMARY KEY, -- hash of everything that changes an answer
    engine         VARCHAR NOT NULL,    -- llama_cpp, openai_compatible, ollama, ...
    model          VARCHAR NOT NULL,    -- name of the model
    weights_hash   VARCHAR,             -- hash of the weights, NULL where a server hides them
    context_tokens BIGINT,              -- the largest context it takes
    settings       JSON NOT NULL,       -- slots, sampling defaults, template arguments, ...
    rung           INTEGER NOT NULL,    -- place on the ladder, 0 is the cheapest
    usd_per_hour   DECIMAL(18, 6),      -- what its machine costs, where the user said so
    added_at       TIMESTAMPTZ NOT NULL -- when it was first asked for
);
COMMENT ON TABLE candidates IS 'sample: the local models under test.';

CREATE TABLE IF NOT EXISTS eligibility (
    call_id      VARCHAR NOT NULL,      -- the call
    candidate_id VARCHAR NOT NULL,      -- the candidate that cannot take it
    reason       VARCHAR NOT NULL       -- a slug: needs-vision, hosted-tools, context, no-content, ...
);
COMMENT ON TABLE eligibility IS 'sample: calls a candidate cannot take, decided before drawing; their spend stays. No row: eligible.';

CREATE TABLE IF NOT EXISTS designs (
    design_id    VARCHAR PRIMARY KEY,   -- hash of category, seed and the calls and costs that can be drawn
    category_id  VARCHAR NOT NULL,      -- the category
    candidate_id VARCHAR NOT NULL,      -- the candidate whose eligible calls are drawn from
    seed         BIGINT NOT NULL,       -- the seed
    units        BIGINT NOT NULL,       -- groups that can be drawn
    calls        BIGINT NOT NULL,       -- calls that can be drawn
    spend_usd    DECIMAL(18, 12) NOT NULL,  -- their spend
    by_spend     BOOLEAN NOT NULL,      -- false: no spend is known, drawn with equal chances
    active       BOOLEAN NOT NULL,      -- in force for its category and candidate; former ones keep their draws
    made_at      TIMESTAMPTZ NOT NULL   -- when
);
COMMENT ON TABLE designs IS 'sample: what the draws of a category were drawn from; new logs make a new design.';

CREATE TABLE IF NOT EXISTS draws (
    design_id   VARCHAR NOT NULL,       -- the design
    category_id VARCHAR NOT NULL,       -- the category
    draw_no     INTEGER NOT NULL,       -- from 0; every look is a prefix of one sequence
    set_no      INTEGER NOT NULL DEFAULT 0,  -- draws added together, from 0: they are replayed together
    unit_id     VARCHAR NOT NULL,       -- the group drawn: conversation, set of equal requests, or call
    call_id     VARCHAR NOT NULL        -- the call drawn in it
);
COMMENT ON TABLE draws IS 'sample: draws in proportion to spend, with replacement; append only.';

CREATE TABLE IF NOT EXISTS looks (
    design_id    VARCHAR NOT NULL,      -- the design
    candidate_id VARCHAR NOT NULL,      -- the candidate
    look_no      INTEGER NOT NULL,      -- from 1
    n            INTEGER NOT NULL,      -- draws it rests on
    alpha_spent  DOUBLE NOT NULL,       -- error budget used up to and with this look
    test_result  VARCHAR NOT NULL,      -- not-worse, worse or open
    looked_at    TIMESTAMPTZ NOT NULL   -- when
);
COMMENT ON TABLE looks IS 'sample: every time the evidence was looked at; the error budget depends on it.';

-- replay -----------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS answers (
    answer_id        VARCHAR NOT NULL,  -- hash of call, candidate and replicate
    call_id          VARCHAR NOT NULL,  -- the call
    candidate_id     VARCHAR,           -- who answered; NULL: the API model, as logged or asked again
    replicate        INTEGER NOT NULL,  -- 0, the answer that counts: as logged, or asked for where the log has none; or the number of a further answer to the same call
    text             VARCHAR,           -- the answer, secrets masked as in contents
    tool_calls       JSON,              -- tool calls in OpenAI's shape
    finish_reason    VARCHAR,           -- stop, length, tool_calls, ...
    error            VARCHAR,           -- slug when there is no usable answer; counts as a fail
    error_detail     VARCHAR,           -- the engine's own words
    input_tokens     BIGINT,            -- prompt tokens in the candidate's own tokenizer
    output_tokens    BIGINT,            -- answer tokens in the candidate's own tokenizer
    reasoning_tokens BIGINT,            -- the part of output_tokens that was reasoning
    ttft_ms          DOUBLE,            -- time to first token, ms
    latency_ms       DOUBLE,            -- time to last token, ms
    fidelity         JSON,              -- logged parameters that were adapted or dropped, and how
    answered_at      TIMESTAMPTZ        -- when; NULL for a logged answer
);
COMMENT ON TABLE answers IS 'replay: logged, re-run and local answers to the drawn calls, one table for all.';

CREATE TABLE IF NOT EXISTS speeds (
    candidate_id          VARCHAR NOT NULL,  -- the candidate
    concurrency           INTEGER NOT NULL,  -- requests under way at once
    prompt_tokens_per_s   DOUBLE,            -- prompt tokens a second, all slots together
    output_tokens_per_s   DOUBLE,            -- answer tokens a second, all slots together
    ttft_ms_p50           DOUBLE,            -- median time to first token, ms
    requests              BIGINT NOT NULL,   -- requests it was measured on
    peak_memory_bytes     BIGINT,            -- peak resident memory, NULL unknown
    energy_wh             DOUBLE,            -- energy used, NULL where the machine does not tell
    machine               VARCHAR,           -- the machine, in words
    measured_at           TIMESTAMPTZ NOT NULL  -- when
);
COMMENT ON TABLE speeds IS 'replay: speed measured on the user''s own prompts, by concurrency.';

-- grade ------------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS criteria (
    criterion_id   VARCHAR NOT NULL,    -- hash of the definition and the grader's version
    category_id    VARCHAR NOT NULL,    -- the category it grades
    name           VARCHAR NOT NULL,    -- what it checks, in words
    definition     JSON NOT NULL,       -- the assertions as in criteria.yaml
    origin         VARCHAR NOT NULL CHECK (origin IN ('user', 'proposed')),  -- who wrote it
    form_only      BOOLEAN NOT NULL,    -- checks form alone: never earns dollars
    live_checkable BOOLEAN NOT NULL,    -- needs no reference: can check an answer in production
    role           VARCHAR NOT NULL CHECK (role IN ('verdict', 'live')),  -- verdict: decides; live: the part that could run in production
    active         BOOLEAN NOT NULL     -- in force; a former one keeps its grades
);
COMMENT ON TABLE criteria IS 'grade: the rules by which an answer passes or fails, one verdict criterion a category.';

CREATE TABLE IF NOT EXISTS grades (
    answer_id    VARCHAR NOT NULL,      -- the answer
    criterion_id VARCHAR NOT NULL,      -- the criterion
    replicate    INTEGER NOT NULL,      -- 0, or the number of a further grading by a judge
    passed       BOOLEAN,               -- NULL: the grader could not tell, neither pass nor fail
    score        DOUBLE,                -- 0 to 1 where the grader has one
    explanation  VARCHAR,               -- why, in words
    cost_usd     DECIMAL(18, 12) NOT NULL,  -- what the grading cost
    graded_at    TIMESTAMPTZ NOT NULL   -- when
);
COMMENT ON TABLE grades IS 'grade: one verdict per answer, criterion and replicate.';

CREATE TABLE IF NOT EXISTS comparisons (
    answer_a        VARCHAR NOT NULL,   -- the answer shown first
    answer_b        VARCHAR NOT NULL,   -- the answer shown second
    criterion_id    VARCHAR NOT NULL,   -- the rubric
    judge_id        VARCHAR NOT NULL,   -- hash of judge model, prompt and settings
    presented_order INTEGER NOT NULL,   -- 1 or 2: both orders are asked
    vote            VARCHAR NOT NULL,   -- a, b, tie or unclear
    explanation     VARCHAR,            -- the judge's reason
    cost_usd        DECIMAL(18, 12) NOT NULL,  -- what it cost
    judged_at       TIMESTAMPTZ NOT NULL  -- when
);
COMMENT ON TABLE comparisons IS 'grade: pairwise votes of a judge, in both orders.';

CREATE TABLE IF NOT EXISTS labels (
    subject      VARCHAR NOT NULL,      -- a call, its log id, or an answer
    criterion_id VARCHAR NOT NULL,      -- the criterion, or '*' for any
    rater        VARCHAR NOT NULL,      -- who said so
    verdict      VARCHAR,               -- pass, fail or unclear
    expected     JSON,                  -- the right answer, where the rater gave one
    labelled_at  TIMESTAMPTZ NOT NULL   -- when
);
COMMENT ON TABLE labels IS 'grade: what people said: right answers of calls and verdicts on answers.';

-- cost -------------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS category_costs (
    category_id         VARCHAR NOT NULL,   -- the category
    candidate_id        VARCHAR NOT NULL,   -- the candidate
    calls_month         DOUBLE NOT NULL,    -- calls a month: mean per covered day times v_period.days_per_month
    api_usd_month       DECIMAL(18, 6) NOT NULL,  -- spend a month, priced calls
    eligible_usd_month  DECIMAL(18, 6) NOT NULL,  -- the part the candidate could take
    input_tokens_month  DOUBLE,             -- prompt tokens a month in the candidate's tokenizer, estimated from the draws
    output_tokens_month DOUBLE,             -- answer tokens a month in the candidate's tokenizer, estimated from the draws
    busy_hours_month    DOUBLE              -- hours one machine works on it a month, at the measured speed
);
COMMENT ON TABLE category_costs IS 'cost: monthly API spend and local work per category and candidate; unknown is NULL.';

-- plan -------------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS decisions (
    category_id      VARCHAR NOT NULL,  -- the category
    candidate_id     VARCHAR NOT NULL,  -- the candidate
    criterion_id     VARCHAR,           -- the criterion it rests on
    n                INTEGER NOT NULL,  -- draws with both answers graded
    n_calls          INTEGER NOT NULL,  -- distinct calls among them
    ungradable       INTEGER NOT NULL,  -- draws the grader could not tell
    design_effect    DOUBLE,            -- variance inflation by groups that are drawn again
    baseline_rate    DOUBLE,            -- share of spend whose logged answer passes
    baseline_low     DOUBLE,            -- Wilson 95 % interval
    baseline_high    DOUBLE,            -- Wilson 95 % interval
    local_rate       DOUBLE,            -- share of spend whose local answer passes
    local_low        DOUBLE,            -- Wilson 95 % interval
    local_high       DOUBLE,            -- Wilson 95 % interval
    difference       DOUBLE,            -- local minus baseline, paired
    difference_low   DOUBLE,            -- Tango 95 % interval
    difference_high  DOUBLE,            -- Tango 95 % interval
    p_not_worse      DOUBLE,            -- p of "worse by the margin or more", one-sided
    p_worse          DOUBLE,            -- p of "not worse by more than the margin", one-sided
    test_result      VARCHAR NOT NULL CHECK (test_result IN ('not-worse', 'worse', 'open', 'untested')),  -- after Holm over all categories started
    verdict          VARCHAR NOT NULL CHECK (verdict IN ('move', 'fallback', 'undecided', 'keep', 'unmeasured')),  -- what is made of it
    reason           VARCHAR NOT NULL,  -- a slug
    reason_text      VARCHAR NOT NULL,  -- the reason in one sentence
    more_draws       INTEGER,           -- about how many more draws would settle it
    live_pass_rate   DOUBLE,            -- share of spend whose local answer passes the live check
    masked_share     DOUBLE,            -- share of the draws whose call was masked
    flags            VARCHAR[]          -- weak-baseline, masked, agreement, ungradable, ...
);
COMMENT ON TABLE decisions IS 'plan: test and verdict per category and candidate.';

CREATE TABLE IF NOT EXISTS machine_costs (
    candidate_id      VARCHAR PRIMARY KEY,  -- the candidate
    machines          INTEGER,              -- machines needed for the busiest hour of the log
    usd_month         DECIMAL(18, 6),       -- what they cost a month, people included; NULL: [local] says nothing of the machine
    fixed_usd_month   DECIMAL(18, 6),       -- the part of it that does not grow with the volume
    setup_usd         DECIMAL(18, 6),       -- people's hours before the first request, once
    busiest_hour_load DOUBLE,               -- machine hours of work in the busiest hour of the log
    assumptions       JSON NOT NULL         -- speed, hardware, power, people: each value and where it comes from
);
COMMENT ON TABLE machine_costs IS 'plan: the machines each candidate would need for what the plan gives it.';

CREATE TABLE IF NOT EXISTS plan_items (
    category_id       VARCHAR PRIMARY KEY,  -- the category
    candidate_id      VARCHAR,              -- the candidate chosen; NULL: none was tested
    verdict           VARCHAR NOT NULL,     -- its verdict
    reason            VARCHAR NOT NULL,     -- the reason in one sentence
    wave              INTEGER,              -- batch it moves with; NULL: it stays
    gross_usd_month   DECIMAL(18, 6),       -- API spend that would move
    local_usd_month   DECIMAL(18, 6),       -- local cost of it
    net_usd_month     DECIMAL(18, 6)        -- gross minus local; NULL when local cost is unknown
);
COMMENT ON TABLE plan_items IS 'plan: what to do with each category, with which model, and why.';

CREATE TABLE IF NOT EXISTS bars (
    category_id VARCHAR NOT NULL,       -- the category
    bar         VARCHAR NOT NULL CHECK (bar IN ('move', 'fallback', 'undecided', 'keep', 'unmeasured')),  -- the bar
    reason      VARCHAR NOT NULL,       -- verdict, or why the calls are not eligible
    shown_not_movable BOOLEAN NOT NULL, -- true: taken off the upper end of the headline
    calls       BIGINT NOT NULL,        -- calls
    spend_usd   DECIMAL(18, 12) NOT NULL,  -- their spend; all rows together are the priced spend
    earns       DOUBLE NOT NULL         -- share of it that the headline counts: 1 for move, what the live check surely lets pass for fallback, else 0
);
COMMENT ON TABLE bars IS 'plan: priced spend by verdict; a category may stand on two bars. The headline is read from here.';

-- what report, console and plan.md read ----------------------------------------------------------
CREATE OR REPLACE VIEW v_calls AS
SELECT *, coalesce(conversation_id, request_hash, call_id) AS unit_id,
       input_uncached_tokens + coalesce(cache_read_tokens, 0) + coalesce(cache_write_5m_tokens, 0)
         + coalesce(cache_write_1h_tokens, 0) AS input_tokens
FROM calls;
COMMENT ON VIEW v_calls IS 'ingest: calls with the unit each is drawn in (conversation, set of equal requests, or call) and all its input tokens; NULL where the uncached ones are unknown.';

CREATE OR REPLACE VIEW v_ledger AS
SELECT source_id, path, reader, s.records, s.calls, s.duplicates, s.not_calls, s.rejects, complete,
       (SELECT sum(cost_usd) FROM calls c WHERE c.source_id = s.source_id) AS spend_usd,
       (SELECT count(*) FROM calls c WHERE c.source_id = s.source_id AND cost_basis = 'unpriced') AS unpriced
FROM sources s
ORDER BY path, source_id;
COMMENT ON VIEW v_ledger IS 'ingest: records = calls + duplicates + not_calls + rejects for every source.';

CREATE OR REPLACE VIEW v_period AS
WITH days AS (
    SELECT DISTINCT CAST(called_at AT TIME ZONE 'UTC' AS DATE) AS day FROM calls WHERE called_at IS NOT NULL
), steps AS (
    SELECT day, date_diff('day', lag(day) OVER (ORDER BY day), day) - 1 AS empty_before FROM days
)
SELECT min(day) AS first_day, max(day) AS last_day, count(*) AS days_with_calls, 30.4 AS days_per_month,
       date_diff('day', min(day), max(day)) + 1
         - coalesce(sum(empty_before) FILTER (empty_before > 3), 0) AS covered_days,
       coalesce(sum(empty_before) FILTER (empty_before > 3), 0) AS gap_days
FROM steps;
COMMENT ON VIEW v_period IS 'ingest: days the logs cover; four or more empty days in a row are a gap, a quiet weekend is not. Also the days of a month, for every amount a month.';

CREATE OR REPLACE VIEW v_totals AS
SELECT count(*) AS calls, sum(cost_usd) AS total_usd,
       sum(cost_usd) / max(p.covered_days) * max(p.days_per_month) AS total_usd_month,
       max(p.covered_days) AS covered_days,
       count(*) FILTER (cost_basis = 'unpriced' AND status NOT IN ('error', 'cached_by_gateway')) AS unpriced_calls,
       count(*) FILTER (status = 'error') AS failed_calls,
       count(*) FILTER (masked > 0) AS masked_calls,
       sum(input_uncached_tokens) AS input_uncached_tokens, sum(cache_read_tokens) AS cache_read_tokens,
       sum(cache_write_5m_tokens) + sum(cache_write_1h_tokens) AS cache_write_tokens,
       sum(output_tokens) AS output_tokens
FROM calls CROSS JOIN v_period p;
COMMENT ON VIEW v_totals IS 'ingest: calls, spend, and spend a month as mean per covered day times the days of a month.';

CREATE OR REPLACE VIEW v_spend AS
WITH spend AS (
    SELECT category_id, count(*) AS calls, coalesce(sum(cost_usd), 0) AS spend_usd,
           count(*) FILTER (cost_basis = 'unpriced') AS unpriced_calls,
           quantile_cont(latency_ms, 0.5) AS latency_ms_p50, quantile_cont(latency_ms, 0.95) AS latency_ms_p95
    FROM calls JOIN call_categories USING (call_id)
    GROUP BY category_id
)
SELECT category_id, name, method, output_shape, ignored, calls, spend_usd, unpriced_calls, latency_ms_p50, latency_ms_p95,
       spend_usd / nullif(sum(spend_usd) OVER (), 0) AS share,
       sum(spend_usd) OVER (ORDER BY spend_usd DESC, category_id) / nullif(sum(spend_usd) OVER (), 0) AS cumulative_share,
       row_number() OVER (ORDER BY spend_usd DESC, category_id) AS spend_rank
FROM spend JOIN categories USING (category_id)
ORDER BY spend_rank;
COMMENT ON VIEW v_spend IS 'report: spend by category in falling order, with the Pareto share.';

CREATE OR REPLACE VIEW v_models AS
SELECT coalesce(provider, '(unknown)') AS provider, coalesce(model, '(unknown)') AS model, count(*) AS calls, sum(cost_usd) AS spend_usd,
       sum(input_uncached_tokens) AS input_uncached_tokens, sum(cache_read_tokens) AS cache_read_tokens,
       sum(output_tokens) AS output_tokens, string_agg(DISTINCT cost_basis, ', ' ORDER BY cost_basis) AS cost_basis
FROM calls GROUP BY ALL
ORDER BY spend_usd DESC NULLS LAST, model, provider;
COMMENT ON VIEW v_models IS 'report: spend and tokens by provider and model.';

CREATE OR REPLACE VIEW v_speed AS
SELECT candidate_id, arg_max(prompt_tokens_per_s, (measured_at, output_tokens_per_s)) AS prompt_tokens_per_s,
       arg_max(output_tokens_per_s, (measured_at, output_tokens_per_s)) AS output_tokens_per_s,
       arg_max(concurrency, (measured_at, output_tokens_per_s)) AS concurrency
FROM speeds GROUP BY candidate_id ORDER BY candidate_id;
COMMENT ON VIEW v_speed IS 'cost: the newest speed of each candidate, at the concurrency that was fastest.';

CREATE OR REPLACE VIEW v_verdicts AS
WITH kinds(bar, bar_no) AS (VALUES ('move', 1), ('fallback', 2), ('undecided', 3), ('keep', 4), ('unmeasured', 5))
SELECT bar, coalesce(sum(calls), 0)::BIGINT AS calls, coalesce(sum(spend_usd), 0) AS spend_usd,
       coalesce(sum(spend_usd) / nullif((SELECT sum(spend_usd) FROM bars), 0), 0)::DOUBLE AS share
FROM kinds LEFT JOIN bars USING (bar)
GROUP BY bar, bar_no ORDER BY bar_no;
COMMENT ON VIEW v_verdicts IS 'report: the five bars; the shares sum to 1 of priced spend.';

CREATE OR REPLACE VIEW v_headline AS
SELECT sum(spend_usd) AS total_usd,
       coalesce(sum(spend_usd) FILTER (bar = 'move'), 0) AS low_usd,
       sum(spend_usd) - coalesce(sum(spend_usd) FILTER (shown_not_movable), 0) AS high_usd,
       coalesce(sum(spend_usd * earns) FILTER (bar = 'fallback'), 0) AS fallback_usd,
       coalesce(low_usd / nullif(total_usd, 0), 0)::DOUBLE AS low,
       coalesce(high_usd / nullif(total_usd, 0), 1)::DOUBLE AS high,
       coalesce(fallback_usd / nullif(total_usd, 0), 0)::DOUBLE AS fallback
FROM bars;
COMMENT ON VIEW v_headline IS 'report: between low and high of priced spend can move; the one sentence at the top.';

CREATE OR REPLACE VIEW v_categories AS
SELECT s.spend_rank, s.category_id, s.name, s.method, s.output_shape, s.calls, s.spend_usd, s.share, s.cumulative_share,
       s.spend_usd / nullif(s.calls, 0) * 1000 AS usd_per_1000_calls, s.latency_ms_p50, s.latency_ms_p95,
       p.verdict, p.reason, p.wave, p.candidate_id, p.gross_usd_month, p.local_usd_month, p.net_usd_month,
       d.criterion_id, coalesce(d.n, 0) AS n, d.n_calls, d.ungradable, d.design_effect,
       d.baseline_rate, d.baseline_low, d.baseline_high, d.local_rate, d.local_low, d.local_high,
       d.difference, d.difference_low, d.difference_high, d.p_not_worse, d.p_worse,
       d.test_result, d.more_draws, d.live_pass_rate, d.masked_share, d.flags
FROM v_spend s
LEFT JOIN plan_items p USING (category_id)
LEFT JOIN decisions d ON d.category_id = s.category_id AND d.candidate_id = p.candidate_id
ORDER BY s.spend_rank;
COMMENT ON VIEW v_categories IS 'report: one row per category with spend, rates, test and verdict.';

CREATE OR REPLACE VIEW v_savings AS
SELECT count(*) AS categories, coalesce(sum(gross_usd_month), 0) AS gross_usd_month,
       CASE WHEN count(local_usd_month) = count(*) THEN sum(local_usd_month) END AS local_usd_month,
       CASE WHEN count(net_usd_month) = count(*) THEN sum(net_usd_month) END AS net_usd_month
FROM plan_items WHERE wave IS NOT NULL;
COMMENT ON VIEW v_savings IS 'report: gross, local cost and net a month of the whole plan; one unknown cost makes the sum unknown.';

CREATE OR REPLACE VIEW v_waves AS
WITH waves AS (
    SELECT wave, count(*) AS categories, coalesce(sum(gross_usd_month), 0) AS gross_usd_month,
           CASE WHEN count(local_usd_month) = count(*) THEN sum(local_usd_month) END AS local_usd_month,
           CASE WHEN count(net_usd_month) = count(*) THEN sum(net_usd_month) END AS net_usd_month
    FROM plan_items WHERE wave IS NOT NULL GROUP BY wave
)
SELECT *, sum(gross_usd_month) OVER (ORDER BY wave) AS cumulative_gross_usd_month,
       CASE WHEN count(*) FILTER (net_usd_month IS NULL) OVER (ORDER BY wave) = 0
            THEN sum(net_usd_month) OVER (ORDER BY wave) END AS cumulative_net_usd_month
FROM waves ORDER BY wave;
COMMENT ON VIEW v_waves IS 'report: what each wave moves and saves a month, and all waves up to it.';

CREATE OR REPLACE VIEW v_pairs AS
WITH drawn AS (
    SELECT designs.category_id, candidate_id, call_id, min(draw_no) AS draw_no, count(*) AS times
    FROM designs JOIN draws USING (design_id) WHERE active GROUP BY ALL
)
SELECT drawn.category_id, drawn.candidate_id, draw_no, times, drawn.call_id, decisions.criterion_id,
       api.answer_id AS api_answer_id, local.answer_id AS local_answer_id,
       api_grade.passed AS api_passed, local_grade.passed AS local_passed,
       (api.text, api.tool_calls) IS DISTINCT FROM (local.text, local.tool_calls) AS differ
FROM drawn
JOIN decisions ON decisions.category_id = drawn.category_id AND decisions.candidate_id = drawn.candidate_id
JOIN answers api ON api.call_id = drawn.call_id AND api.candidate_id IS NULL AND api.replicate = 0
JOIN answers local ON local.call_id = drawn.call_id AND local.candidate_id = drawn.candidate_id AND local.replicate = 0
LEFT JOIN grades api_grade ON api_grade.answer_id = api.answer_id
      AND api_grade.criterion_id = decisions.criterion_id AND api_grade.replicate = 0
LEFT JOIN grades local_grade ON local_grade.answer_id = local.answer_id
      AND local_grade.criterion_id = decisions.criterion_id AND local_grade.replicate = 0
ORDER BY drawn.category_id, drawn.candidate_id, draw_no;
COMMENT ON VIEW v_pairs IS 'report: each drawn call once, with both answers and their grades by the criterion that decides.';

CREATE OR REPLACE VIEW v_baseline_noise AS
SELECT s.spend_rank, s.category_id, s.name, count(*) AS calls,
       avg(logged_grade.passed::INTEGER) AS logged_rate, avg(again_grade.passed::INTEGER) AS rerun_rate,
       avg((logged_grade.passed <> again_grade.passed)::INTEGER) AS differing
FROM criteria k JOIN v_spend s USING (category_id) JOIN call_categories m ON m.category_id = k.category_id
JOIN answers logged ON logged.call_id = m.call_id AND logged.candidate_id IS NULL AND logged.replicate = 0
JOIN answers again ON again.call_id = m.call_id AND again.candidate_id IS NULL AND again.replicate = 1
JOIN grades logged_grade ON logged_grade.answer_id = logged.answer_id
     AND logged_grade.criterion_id = k.criterion_id AND logged_grade.replicate = 0
JOIN grades again_grade ON again_grade.answer_id = again.answer_id
     AND again_grade.criterion_id = k.criterion_id AND again_grade.replicate = 0
WHERE k.active AND k.role = 'verdict' AND logged_grade.passed IS NOT NULL AND again_grade.passed IS NOT NULL
GROUP BY ALL ORDER BY s.spend_rank;
COMMENT ON VIEW v_baseline_noise IS 'report: calls asked again of their own API model: shares that pass as logged and again, and whose verdict differs.';

CREATE OR REPLACE VIEW v_rejects AS
SELECT reason, count(*) AS records, arg_min(detail, (source_id, record_no)) AS example
FROM rejects GROUP BY reason ORDER BY records DESC, reason;
COMMENT ON VIEW v_rejects IS 'report: rejected records by reason, with the first one''s detail.';

CREATE OR REPLACE VIEW v_sensitivity AS
WITH found AS (SELECT DISTINCT call_id, class FROM call_sensitivity)
SELECT class, count(*) AS calls, sum(cost_usd) AS spend_usd,
       sum(cost_usd) / nullif((SELECT sum(cost_usd) FROM calls), 0) AS share_of_spend,
       sum(cost_usd) FILTER (plan_items.verdict = 'move' AND eligibility.call_id IS NULL) AS movable_spend_usd
FROM found JOIN calls USING (call_id)
LEFT JOIN call_categories USING (call_id)
LEFT JOIN plan_items USING (category_id)
LEFT JOIN eligibility ON eligibility.call_id = found.call_id AND eligibility.candidate_id = plan_items.candidate_id
GROUP BY class ORDER BY calls DESC, class;
COMMENT ON VIEW v_sensitivity IS 'report: calls and spend by class of sensitive data; a call may hold several classes.';

CREATE OR REPLACE VIEW v_gaps AS
SELECT count(*) FILTER (finish_reason = 'length') AS truncated_answers,
       count(*) FILTER (content_state IN ('redacted', 'absent')) AS textless_calls,
       (SELECT count(*) FROM answers WHERE candidate_id IS NOT NULL AND replicate = 0) AS replayed_calls,
       (SELECT coalesce(sum(n), 0)::BIGINT FROM v_categories) AS graded_draws
FROM calls;
COMMENT ON VIEW v_gaps IS 'report: what limits the audit (cut answers, calls without text), and how much was replayed and graded.';
