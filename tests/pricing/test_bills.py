"""Bills beside calls: every export by the names of its columns, coverage by hand."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from paired_log import DAY, pair, write

from auditor.errors import LogError
from auditor.ingest import stage as ingest
from auditor.pricing import bill_models, bills
from auditor.readers.formats import aggregates

GPT, CLAUDE = "gpt-4o-2024-08-06", "claude-sonnet-4-5"
# two calls of 1000 in and 100 out: gpt-4o $0.0035 each, claude $3 and $15 a million: $0.0045 each


@pytest.fixture
def calls(store, tmp_path):
    claude = {"model": CLAUDE, "provider": "anthropic"}
    ingest.run(
        store,
        [write(tmp_path / "log.jsonl", [pair(1), pair(2), pair(3, **claude), pair(4, **claude)])],
    )
    return store


def bill(tmp_path, header, *lines):
    path = tmp_path / "bill.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


OPENAI_USAGE = "start_time,start_time_iso,num_model_requests,model,input_tokens,output_tokens"
OPENAI_COST = "start_time,start_time_iso,amount_value,amount_currency,line_item"
CLAUDE_USAGE = (
    "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens"
)
CLAUDE_COST = "usage_date_utc,model,token_type,cost_usd"
NOON = f"1,{DAY}T00:00:00+00:00"


@pytest.mark.parametrize(
    ("kind", "header", "line", "model", "coverage"),
    [
        ("openai-usage", OPENAI_USAGE, f"{NOON},4,{GPT},4000,400", GPT, 0.5),
        ("openai-cost", OPENAI_COST, f'{NOON},0.014,usd,"{GPT}, input"', GPT, 0.5),
        ("openai-cost", OPENAI_COST, f"{NOON},0.007,usd,", None, 1),
        ("anthropic-usage", CLAUDE_USAGE, f"{DAY} 02:00,{CLAUDE},2000,200,0,2000,200", CLAUDE, 0.5),
        ("anthropic-cost", CLAUDE_COST, f"{DAY},{CLAUDE},input,0.009", CLAUDE, 1),
    ],
)
def test_each_export_is_set_beside_its_calls(calls, tmp_path, kind, header, line, model, coverage):
    found = bills.reconcile(calls, bill(tmp_path, header, line))
    assert found.kind == kind
    (row,) = [row for row in found.rows if row.calls]
    assert (row.model, row.day, row.calls) == (model, date.fromisoformat(DAY), 2)
    assert row.coverage == found.coverage == pytest.approx(coverage)


MIDNIGHT = datetime.fromisoformat(f"{DAY}T00:00:00+00:00")
STARTS = {"start_time": int(MIDNIGHT.timestamp()), "starting_at": MIDNIGHT.isoformat()}


@pytest.mark.parametrize(
    ("kind", "row", "coverage"),
    [
        (
            "openai-cost-page",
            {"amount": {"value": 0.014, "currency": "usd"}, "line_item": f"{GPT}, input"},
            0.5,
        ),
        (
            "openai-usage-page",
            {"num_model_requests": 4, "model": GPT, "input_tokens": 4000, "output_tokens": 400},
            0.5,
        ),
        (
            "anthropic-cost-page",  # 1.8 cents
            {"amount": "1.8", "currency": "USD", "description": "Input", "model": CLAUDE},
            0.5,
        ),
        (
            "anthropic-usage-page",
            {
                "uncached_input_tokens": 3000,
                "cache_creation": {"ephemeral_1h_input_tokens": 400},
                "cache_read_input_tokens": 600,
                "output_tokens": 400,
                "model": f"{CLAUDE}-20250929",
            },
            0.5,
        ),
    ],
)
def test_a_page_of_an_admin_api_is_a_bill(calls, tmp_path, kind, row, coverage):
    page = {"data": [{**STARTS, "results": []}, {**STARTS, "results": [row]}], "has_more": False}
    path = tmp_path / "page.json"
    path.write_text(json.dumps(page))
    found = bills.reconcile(calls, path)
    assert (found.kind, float(found.coverage)) == (kind, coverage)
    assert aggregates.matches(page)  # so that ingest points to reconcile


def test_activity_of_openrouter_by_day_is_a_bill(store, tmp_path):
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    call = pair(1, model="openai/gpt-4o-2024-08-06", provider="openrouter", usage=usage)
    ingest.run(store, [write(tmp_path / "log.jsonl", [call])])
    row = {
        "date": DAY, "model": "openai/gpt-4o", "model_permaslug": "openai/gpt-4o-2024-08-06",
        "usage": 0.007, "requests": 2, "prompt_tokens": 2000, "completion_tokens": 200,
    }  # fmt: skip
    table = bill(tmp_path, ",".join(row), ",".join(map(str, row.values())))
    page = tmp_path / "page.json"
    page.write_text(json.dumps({"data": [row]}))
    assert [float(bills.reconcile(store, path).coverage) for path in (table, page)] == [0.5, 0.5]


def test_anthropics_console_names_models_in_words(calls, tmp_path):
    found = bills.reconcile(
        calls, bill(tmp_path, CLAUDE_COST, f"{DAY},Claude Sonnet 4.5,input,0.018")
    )
    (row,) = [row for row in found.rows if row.billed_usd]
    assert (row.model, row.calls, float(found.coverage)) == (CLAUDE, 2, 0.5)


def test_columns_are_found_by_name_in_any_order(calls, tmp_path):
    names = OPENAI_USAGE.split(",")
    cells = f"{NOON},4,{GPT},4000,400".split(",")
    there = bills.reconcile(calls, bill(tmp_path, ",".join(names), ",".join(cells)))
    back = bill(tmp_path, ",".join(["new", *reversed(names)]), ",".join(["x", *reversed(cells)]))
    assert bills.reconcile(calls, back) == there


def test_a_discount_shows_where_tokens_agree(calls, tmp_path):
    header = OPENAI_USAGE
    both = bill(tmp_path, header, f"{NOON},2,{GPT},2000,200")
    (row,) = bills.reconcile(calls, both).rows
    assert (row.coverage, row.price_ratio) == (1, None)  # this export has no cost
    activity = bill(
        tmp_path,
        "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,model_permaslug",
        f"gen-1,{DAY} 10:00:00,0.00308,1000,100,openai/gpt-4o",
    )
    found = bills.reconcile(calls, activity)
    assert (found.kind, found.billed_usd, found.coverage) == (
        "openrouter-activity",
        Decimal("0.00308"),
        0,
    )


def test_models_add_up_their_days(calls, tmp_path):
    lines = [f"{NOON},2,{GPT},2000,200", f"1,2026-10-21T00:00:00+00:00,2,{GPT},2000,200"]
    found = bills.reconcile(calls, bill(tmp_path, OPENAI_USAGE, *lines))
    assert [row.coverage for row in found.rows] == [1, 0]
    (whole,) = found.models()
    assert (whole.billed_tokens, whole.tokens, whole.calls, whole.coverage) == (4400, 2200, 2, 0.5)
    assert (found.billed_tokens, found.tokens, found.coverage) == (4400, 2200, 0.5)


def test_empty_buckets_are_skipped_and_counted(calls, tmp_path):
    found = bills.reconcile(
        calls, bill(tmp_path, OPENAI_USAGE, f"{NOON},2,{GPT},2000,200", f"{NOON},,,,")
    )
    assert (len(found.rows), found.skipped_rows) == (1, 1)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "", "generation_id,cost_total\n"])
def test_what_is_no_bill_is_told(calls, tmp_path, text):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    with pytest.raises(LogError):
        bills.reconcile(calls, tmp_path / "x.csv")


# -- clouds ----------------------------------------------------------------------------------------

SONNET, NOVA = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-lite-v1:0"
CUR = (
    "lineItem/LineItemType,lineItem/ProductCode,product/ProductName,lineItem/UsageType,"
    "lineItem/UsageStartDate,lineItem/UsageAmount,pricing/unit,lineItem/UnblendedCost,"
    "lineItem/CurrencyCode"
)
CUR_2 = (
    "line_item_line_item_type,line_item_product_code,product,line_item_usage_type,"
    "line_item_usage_start_date,line_item_usage_amount,pricing_unit,line_item_unblended_cost"
)
EXPLORER = 'Service,"Claude Sonnet 4.5 (Amazon Bedrock Edition)($)",EC2($),Total costs($)'
AZURE = "Date,MeterCategory,MeterSubCategory,MeterName,Quantity,UnitOfMeasure,CostInBillingCurrency,BillingCurrencyCode"
AZURE_MCA = (
    "date,meterCategory,meterSubCategory,meterName,quantity,unitOfMeasure,costInUsd,billingCurrency"
)
GOOGLE = "service_description,sku_description,usage_start_time,usage_amount,usage_unit,cost,currency,currency_conversion_rate"
TABLE = "Service description,SKU description,Usage start date,Usage amount,Usage unit,Cost ($)"
FOCUS = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName,ServiceProviderName,SkuMeter,ConsumedQuantity,ConsumedUnit"


@pytest.fixture
def clouds(store, tmp_path):
    """Two calls each of 1000 in and 100 out: on Bedrock, Azure and Vertex AI."""
    models = {"aws": (SONNET, NOVA), "azure": (GPT, "gpt-4o-mini-2024-07-18"),
              "google": ("gemini-2.5-flash", "gemini-2.5-flash-lite")}  # fmt: skip
    log = [
        pair(10 * n + m, model=model, provider=provider)
        for n, (provider, several) in enumerate(models.items())
        for m, model in enumerate(m for m in several for _ in range(2))
    ]
    ingest.run(store, [write(tmp_path / "log.jsonl", log)])
    return store


@pytest.mark.parametrize(
    ("kind", "header", "lines", "model", "usd", "tokens"),
    [
        ("aws-cur", CUR, [
            f"Usage,abc,Claude Sonnet 4.5 (Amazon Bedrock Edition),USE1-MP:USE1_InputTokenCount-Units,{DAY}T00:00:00Z,2,Units,0.006,USD",
            f"Usage,abc,Claude Sonnet 4.5 (Amazon Bedrock Edition),USE1-MP:USE1_OutputTokenCount-Units,{DAY}T05:00:00Z,2,Units,0.003,USD",
            f"Tax,abc,Claude Sonnet 4.5 (Amazon Bedrock Edition),,{DAY}T05:00:00Z,1,,0.9,USD",
            f"Usage,AmazonEC2,Elastic Compute Cloud,BoxUsage,{DAY}T05:00:00Z,1,Hrs,99,USD",
        ], SONNET, "0.009", None),
        ("aws-cur", CUR, [
            f"Usage,AmazonBedrock,Amazon Bedrock,USE1-NovaLite-input-tokens,{DAY}T00:00:00Z,2,1K tokens,0.00012,USD",
            f"Usage,AmazonBedrock,Amazon Bedrock,USE1-NovaLite-output-tokens,{DAY}T00:00:00Z,0.2,1K tokens,0.00005,USD",
        ], NOVA, "0.00017", 2200),
        ("aws-cur", CUR_2, [
            f'Usage,x,"{{""product_name"":""Claude Sonnet 4.5 (Amazon Bedrock Edition)""}}",MP:InputTokenCount,{DAY} 00:00:00.000,2,Units,0.006',
        ], SONNET, "0.006", None),
        ("aws-cost-explorer-csv", EXPLORER, [
            "Service total,0.009,120.5,120.509", f"{DAY},0.009,120.5,120.509",
        ], SONNET, "0.009", None),
        ("azure-cost", AZURE, [
            "10/20/2026,Cognitive Services,Azure OpenAI,gpt 4o 0806 Inp glbl Tokens,2,1K,0.005,USD",
            "10/20/2026,Cognitive Services,Azure OpenAI,gpt 4o 0806 Outp glbl Tokens,0.2,1K,0.002,USD",
            "10/20/2026,Virtual Machines,D series,D4 v5,24,1 Hour,7,USD",
        ], GPT, "0.007", 2200),
        ("azure-cost", AZURE_MCA, [
            f"{DAY},Foundry Models,Azure OpenAI,gpt-4o-mini-0718-Inp-glbl Tokens,0.002,1M,0.0003,EUR",
        ], "gpt-4o-mini-2024-07-18", "0.0003", 2000),
        ("google-billing", GOOGLE, [
            f"Vertex AI,Gemini 2.5 Flash GA Text Input - Predictions token count,{DAY}T00:00:00Z,2000,count,0.0006,USD,1",
            f"Compute Engine,N1 Core,{DAY}T00:00:00Z,10,hour,5,USD,1",
        ], "gemini-2.5-flash", "0.0006", 2000),
        ("google-billing", GOOGLE, [
            f"Gemini API,Generate content input token count gemini 2.5 flash lite short,{DAY}T00:00:00Z,2000,count,0.001,EUR,0.5",
        ], "gemini-2.5-flash-lite", "0.002", 2000),
        ("google-table", TABLE, [
            f'Vertex AI,Gemini 2.5 Flash Text Input token count,{DAY},"2,000",count,0.0006',
        ], "gemini-2.5-flash", "0.0006", 2000),
        ("focus", FOCUS, [
            f"99,USD,{DAY}T00:00:00Z,Virtual Machines,Microsoft,D4 v5,24,Hours",
            f"0.005,USD,{DAY}T00:00:00Z,Azure OpenAI,Microsoft,gpt 4o 0806 Inp glbl Tokens,2,1K Tokens",
        ], GPT, "0.005", 2000),
    ],
)  # fmt: skip
def test_a_clouds_bill_is_set_beside_its_calls(
    clouds, tmp_path, kind, header, lines, model, usd, tokens
):
    found = bills.reconcile(clouds, bill(tmp_path, header, *lines))
    assert found.kind == kind
    (row,) = [row for row in found.rows if row.billed_usd is not None]
    assert (row.model, row.day, row.calls) == (model, date.fromisoformat(DAY), 2)
    assert (row.billed_usd, row.billed_tokens) == (Decimal(usd), tokens)
    assert found.billed_usd == Decimal(usd)
    assert row.coverage is not None


def test_what_cost_explorer_returns_is_read(clouds, tmp_path):
    groups = [
        {"Keys": [name], "Metrics": {"UnblendedCost": {"Amount": usd, "Unit": "USD"}}}
        for name, usd in (
            ("Claude Sonnet 4.5 (Amazon Bedrock Edition)", "0.009"),
            ("AWS Glue", "4"),
        )
    ]
    day = {"TimePeriod": {"Start": DAY, "End": "2026-10-21"}, "Groups": groups, "Total": {}}
    path = tmp_path / "costs.json"
    path.write_text(json.dumps({"ResultsByTime": [day]}, indent=2))
    (row,) = [row for row in bills.reconcile(clouds, path).rows if row.billed_usd is not None]
    assert (row.model, row.billed_usd, row.calls) == (SONNET, Decimal("0.009"), 2)


def test_the_bigquery_export_is_read_with_its_credits(clouds, tmp_path):
    row = {
        "service": {"description": "Vertex AI"}, "sku": {"description": "Gemini 2.5 Flash Text Input token count"},
        "usage_start_time": f"{DAY} 07:00:00 UTC", "cost": 0.0006, "currency": "USD",
        "usage": {"amount": 2000, "unit": "count"}, "credits": [{"name": "promotion", "amount": -0.0002}],
    }  # fmt: skip
    path = tmp_path / "export.json"
    path.write_text(json.dumps(row) + "\n")
    (found,) = [r for r in bills.reconcile(clouds, path).rows if r.billed_usd is not None]
    assert (found.model, found.billed_usd) == ("gemini-2.5-flash", Decimal("0.0004"))


def test_a_bill_in_another_currency_is_refused_by_name(clouds, tmp_path):
    line = f"{DAY},Cognitive Services,Azure OpenAI,gpt 4o Inp Tokens,2,1K,0.005,EUR"
    with pytest.raises(LogError, match="the bill is in EUR"):
        bills.reconcile(clouds, bill(tmp_path, AZURE, line))


def test_a_bill_about_nothing_but_machines_is_refused(clouds, tmp_path):
    line = f"Usage,AmazonEC2,Elastic Compute Cloud,BoxUsage,{DAY}T05:00:00Z,1,Hrs,99,USD"
    with pytest.raises(LogError, match="no line of it is about models"):
        bills.reconcile(clouds, bill(tmp_path, CUR, line))


@pytest.mark.parametrize(
    ("description", "logged", "meant"),
    [
        ("Claude Sonnet 4.5 (Amazon Bedrock Edition)", ["anthropic.claude-sonnet-4-20250514-v1:0"], None),
        ("Claude Sonnet 4.5", ["claude-sonnet-4-5@20250929", "claude-sonnet-4@20250514"], "claude-sonnet-4-5@20250929"),
        ("Gemini 2.5 Flash Lite Input", ["gemini-2.5-flash"], None),
        ("gpt 4.1 Inp glbl", ["gpt-4"], None),
        ("Azure OpenAI 5 mini Inp glbl Tokens", ["gpt-5-mini-2025-08-07", "gpt-5-2025-08-07"], "gpt-5-mini-2025-08-07"),
        ("gpt 4o Inp glbl Tokens", ["gpt-4o-2024-08-06", "gpt-4o-2024-05-13"], "gpt-4o-2024-05-13"),
        ("USE1-Llama3-3-70B-input-tokens", ["us.meta.llama3-3-70b-instruct-v1:0"], "us.meta.llama3-3-70b-instruct-v1:0"),
        ("Amazon Bedrock", [SONNET], None),
    ],
)  # fmt: skip
def test_a_description_means_a_model_or_none(description, logged, meant):
    found = bill_models.resolve([description], logged)
    assert (found[description][0] if description in found else None) == meant


def test_the_dates_of_a_model_are_one_line_of_a_clouds_bill(store, tmp_path):
    log = [pair(n, model=model, provider="azure") for n, model in enumerate((GPT, "gpt-4o-2024-05-13"))]  # fmt: skip
    ingest.run(store, [write(tmp_path / "log.jsonl", log)])
    line = f"{DAY},Cognitive Services,Azure OpenAI,gpt 4o Inp glbl Tokens,2,1K,0.005,USD"
    (row,) = bills.reconcile(store, bill(tmp_path, AZURE, line)).rows
    assert row.calls == 2
