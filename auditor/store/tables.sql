-- The tables of auditor's data contract. One DuckDB file; each stage owns the tables under its heading:
-- only that stage writes them, any later stage may read them. The words behind a column become its
-- COMMENT and stand in docs/database.md.
--
-- A change here needs a file in migrations/ that brings older databases to the same state: the test
-- suite compares a migrated database with a new one. Views are in views.sql and need none.
--
-- No foreign keys (replacing two tables in one transaction would fail) and no keys on the big
-- tables (they triple the time of an insert): store.check() runs the queries that hold instead.

-- store ------------------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS meta (
    key   VARCHAR PRIMARY KEY,  -- name of the fact
    value VARCHAR NOT NULL      -- its value as text
);
COMMENT ON TABLE meta IS 'store: key-value facts about this file; schema_version above all, and views, the hash of the views it holds.';

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

CREATE TABLE IF NOT EXISTS former_calls (
    source_id    VARCHAR NOT NULL,      -- the file
    record_no    BIGINT NOT NULL,       -- position in the source, from 1
    call_id      VARCHAR NOT NULL,      -- the call that was read there before
    request_hash VARCHAR NOT NULL       -- what it asked for
);
COMMENT ON TABLE former_calls IS 'ingest: while a log is read again, its calls that had answers or draws, which go to the ids they have now.';

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
    time_kind                VARCHAR,           -- start, end or file: what called_at really is; unread: the log's time is of no known form
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
    extra_units              JSON,              -- what is billed beside plain text tokens, by unit: {"output_audio_tokens": 8000, "file_searches": 2}
    inner_usage              JSON,              -- tokens of other models inside the answer (an advisor): one object of model and buckets each
    context_tokens           BIGINT,            -- input of its largest request where the tokens are a sum of several; decides the price of long contexts
    service_tier             VARCHAR NOT NULL,  -- standard, batch, flex, priority, or provisioned: capacity paid otherwise
    region                   VARCHAR,           -- where alone the provider may run it, if the log says: us, eu, us-east5, ...
    needs_vision             BOOLEAN NOT NULL,  -- the request holds an image or a document
    needs_hosted_tools       BOOLEAN NOT NULL,  -- the answer rests on tools that run at the provider
    tool_names               VARCHAR[],         -- names of the tools offered, sorted
    response_format          VARCHAR,           -- json_object, json_schema:<name>, ... NULL for text
    request_hash             VARCHAR,           -- keyed hash of the whole request before masking: equal requests, equal hash
    masked                   INTEGER NOT NULL,  -- secrets and personal data replaced by placeholders
    logged_cost_usd          DECIMAL(18, 12),   -- what the log says it cost
    logged_cost_by           VARCHAR,           -- who says so: provider (its bill, which counts before the price book) or log; NULL: nobody, or not known
    copy_key                 VARCHAR,           -- what copies of the call in other files share with it, where the format copies history
    computed_cost_usd        DECIMAL(18, 12),   -- price book times tokens; NULL: no price or no tokens
    cost_usd                 DECIMAL(18, 12),   -- the amount used everywhere; NULL: unpriced
    cost_low_usd             DECIMAL(18, 12),   -- lower bound where tokens are estimated, else cost_usd
    cost_high_usd            DECIMAL(18, 12),   -- upper bound where tokens are estimated, else cost_usd
    implausible              VARCHAR[],         -- figures of the log that no call can have, as column=figure: the column is NULL instead
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
    service_tier     VARCHAR NOT NULL,  -- standard, batch, flex, priority or provisioned
    region           VARCHAR NOT NULL,  -- region of the call; empty: not told
    from_minute      INTEGER NOT NULL,  -- the row holds for calls from this minute of the day on, UTC
    to_minute        INTEGER NOT NULL,  -- and before this one; 0 and 1440 where the price has no hours
    above_tokens     BIGINT NOT NULL,   -- the row holds for calls with more input tokens than this (-1: all)
    up_to_tokens     BIGINT NOT NULL,   -- and at most this many
    input_usd        DECIMAL(24, 18) NOT NULL,  -- USD per uncached input token
    cache_read_usd   DECIMAL(24, 18) NOT NULL,  -- USD per input token read from a cache
    cache_write_5m_usd DECIMAL(24, 18) NOT NULL,  -- USD per input token written for 5 minutes
    cache_write_1h_usd DECIMAL(24, 18) NOT NULL,  -- USD per input token written for 1 hour
    output_usd       DECIMAL(24, 18) NOT NULL,  -- USD per output token
    request_usd      DECIMAL(24, 18) NOT NULL,  -- USD per request
    web_search_usd   DECIMAL(24, 18),   -- USD per search of the web; NULL: not known
    extra_usd        JSON NOT NULL,     -- USD per extra unit, beyond what it costs as a token of text; a unit that is missing has no known price
    basis            VARCHAR NOT NULL,  -- price-book, override or free
    price_source     VARCHAR NOT NULL   -- which book, which version, which entry
);
COMMENT ON TABLE rate_card IS 'ingest: the unit prices that were applied, per provider, model, day, tier and region.';

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
    error            VARCHAR,           -- slug when there is no usable answer; a fail where the model is to blame, else not gradable
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

CREATE TABLE IF NOT EXISTS criterion_trials (
    criterion_id   VARCHAR NOT NULL,    -- the criterion
    category_id    VARCHAR NOT NULL,    -- the category whose logged answers the errors were put into
    mutation       VARCHAR NOT NULL,    -- kind of error, for example field-changed
    content        BOOLEAN NOT NULL,    -- the answer keeps its form, and only what it says is wrong
    planted        INTEGER NOT NULL,    -- wrong answers of this kind that were graded
    caught         INTEGER NOT NULL,    -- of these, how many failed
    untold         INTEGER NOT NULL,    -- of these, how many neither passed nor failed
    missed         VARCHAR,             -- what is wrong with one that passed; NULL: none did
    missed_call_id VARCHAR              -- the call whose logged answer that one was made from
);
COMMENT ON TABLE criterion_trials IS 'trials: what each criterion in force notices of wrong answers planted in its category, by kind of error; a kind that no answer allows has no row.';

CREATE TABLE IF NOT EXISTS criterion_baselines (
    criterion_id  VARCHAR NOT NULL,     -- the criterion
    category_id   VARCHAR NOT NULL,     -- the category
    answers       INTEGER NOT NULL,     -- logged answers that were graded on trial
    passed        INTEGER NOT NULL,     -- of these, how many passed
    untold        INTEGER NOT NULL,     -- of these, how many neither passed nor failed
    content_share DOUBLE,               -- share of the planted errors of content that were noticed, NULL: none could be told; 0: it can move nothing
    failures      JSON                  -- up to three that failed: call_id and explanation
);
COMMENT ON TABLE criterion_baselines IS 'trials: how the logged answers of a category do by the criterion in force, before anything is replayed.';

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
    ungradable       INTEGER NOT NULL,  -- draws whose logged or local answer could not be graded; a loss in the test for move, a gain in the test for worse
    design_effect    DOUBLE,            -- variance inflation by groups that are drawn again
    baseline_rate    DOUBLE,            -- share of spend whose logged answer passes, of the graded draws
    baseline_low     DOUBLE,            -- Wilson 95 % interval, had every ungraded draw failed
    baseline_high    DOUBLE,            -- Wilson 95 % interval, had every ungraded draw passed
    local_rate       DOUBLE,            -- share of spend whose local answer passes, of the graded draws
    local_low        DOUBLE,            -- Wilson 95 % interval, had every ungraded draw failed
    local_high       DOUBLE,            -- Wilson 95 % interval, had every ungraded draw passed
    difference       DOUBLE,            -- local minus baseline, paired, of the graded draws
    difference_low   DOUBLE,            -- Tango 95 % interval, had every ungraded draw been a loss
    difference_high  DOUBLE,            -- Tango 95 % interval, had every ungraded draw been a gain
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
