"""What is stale, what is skipped, what is resumed: make for an audit."""

from __future__ import annotations

import shutil

import pytest
from command_line import ANSWERS, write_log
from planted_audit import serving

from auditor.config import Config, override
from auditor.domain import Silent, StageResult
from auditor.errors import ConfigError, EngineError, LogError, NotReadyError
from auditor.pipeline.order import STAGES, ancestors
from auditor.pipeline.pipeline import Pipeline
from auditor.stage import Column, Stage, View
from auditor.store.store import Store


class Heard(Silent):
    """A ``Watch`` that remembers warnings."""

    def __init__(self):
        self.warnings = []

    def warn(self, message):
        self.warnings.append(message)


@pytest.fixture(scope="module")
def server():
    with serving(ANSWERS) as server:
        yield server


@pytest.fixture(scope="module")
def config(server):
    return override(Config(), {"replay": {"model": server.url}, "sample": {"samples": 10}})


@pytest.fixture(scope="module")
def base(config, tmp_path_factory):
    """The database of a finished audit."""
    folder = tmp_path_factory.mktemp("base")
    with Store.open(folder / "audit.duckdb") as store:
        pipeline = Pipeline(store=store, config=config, output=folder / "page.html")
        pipeline.ingest([str(write_log(folder / "log.jsonl", 30))])
        done = pipeline.audit()
        needed = [name for name in STAGES if name in {"report", *ancestors("report")} - {"ingest"}]
        assert [result.stage for result in done if not result.skipped] == needed
    return folder


@pytest.fixture
def audit(base, config, tmp_path):
    """Make a pipeline on a copy of the finished audit; flags by section change its settings."""
    shutil.copy(base / "audit.duckdb", tmp_path / "audit.duckdb")
    with Store.open(tmp_path / "audit.duckdb") as store:
        yield lambda force=False, **flags: Pipeline(
            store=store, config=override(config, flags), watch=Heard(), force=force,
            output=tmp_path / "page.html",
        )  # fmt: skip


@pytest.fixture
def no_engines(monkeypatch):
    def refuse(*_):
        raise AssertionError("nobody asked for a model")

    monkeypatch.setattr("auditor.engines.open_engine", refuse)


def ran(results) -> set[str]:
    return {result.stage for result in results if not result.skipped}


def states(pipeline) -> dict[str, str]:
    return {state.stage: state.state for state in pipeline.states()}


def test_stages_come_after_what_they_rest_on():
    order = list(STAGES)
    for stage in STAGES.values():
        assert all(order.index(name) < order.index(stage.name) for name in stage.rests_on)
        assert stage.beside is None or order.index(stage.beside) < order.index(stage.name)


def test_what_is_up_to_date_is_not_run_again(audit):
    assert ran(audit().run_to("replay")) == set()
    assert ran(audit().run_to("plan")) == set()
    assert ran(audit().audit()) == {"report"}  # its files may be gone: it is always written


def test_force_runs_all_of_it(audit):
    results = audit(force=True).run_to("plan")
    assert ran(results) == {"categorize", "criteria", "trials", "grade", "cost", "plan"}
    assert ran(audit().run_to("plan")) == set()  # and nothing is stale for it


def test_behind_the_replay_no_model_is_opened(audit, no_engines):
    for stage in ("grade", "cost", "plan", "report"):
        audit(force=True).run_to(stage)
    assert set(states(audit()).values()) == {"done"}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"plan": {"margin": 0.1}}, {"plan"}),
        ({"local": {"usd_per_hour": 2}}, {"cost", "plan"}),
        ({"report": {"examples": False}}, set()),
        ({"sample": {"samples": 12}}, set()),  # for the next replay to draw
    ],
)
def test_a_setting_reruns_what_follows_from_it(audit, no_engines, flags, expected):
    assert ran(audit(**flags).run_to("plan")) == expected


def test_more_samples_are_drawn_by_replay_and_kept_answers_stay(audit, server):
    before = server.asked.total()
    pipeline = audit(sample={"samples": 14})
    had = pipeline.store.value("SELECT count(*) FROM answers WHERE candidate_id IS NOT NULL")
    assert ran(pipeline.run_to("replay")) == {"sample", "replay"}
    has = pipeline.store.value("SELECT count(*) FROM answers WHERE candidate_id IS NOT NULL")
    assert server.asked.total() - before == has - had
    assert ran(pipeline.run_to("plan")) == {"grade", "cost", "plan"}


def test_new_calls_are_categorized_and_the_old_replay_is_said_to_be_old(audit, tmp_path):
    pipeline = audit()
    log = write_log(tmp_path / "more.jsonl", 40)  # ten are new
    assert pipeline.ingest([str(log)]).detail["sources"][0]["calls"] == 10
    assert states(pipeline)["categorize"] == "stale"
    assert "plan" in ran(pipeline.run_to("plan"))
    assert any("auditor replay" in warning for warning in pipeline.watch.warnings)


def test_criteria_that_were_used_stay_in_force(audit, tmp_path, no_engines):
    file = tmp_path / "criteria.yaml"
    file.write_text(
        "version: 1\ncriteria:\n  - category: '*'\n    assert:\n      - {type: contains, value: bill}\n"
    )
    named = audit(grade={"criteria": file})
    assert {"criteria", "grade", "plan"} <= ran(named.run_to("plan"))
    assert ran(audit(grade={"criteria": file}).run_to("plan")) == set()
    assert ran(audit().run_to("plan")) == set()  # nobody names other ones
    file.write_text(file.read_text().replace("bill", "ship"))
    assert {"criteria", "grade"} <= ran(audit(grade={"criteria": file}).run_to("plan"))


def test_criteria_that_are_missing_are_complained_of(audit, tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        audit(grade={"criteria": tmp_path / "nowhere.yaml"}).run_to("plan")
    with pytest.raises(ConfigError, match="nowhere"):
        audit(grade={"labels": tmp_path / "nowhere.jsonl"}).run_to("plan")


def test_a_wrong_model_is_told_before_any_work(audit, tmp_path):
    with Store.open(tmp_path / "new.duckdb") as store:
        pipeline = Pipeline(
            store=store, config=override(Config(), {"replay": {"model": "nowhere.gguf"}})
        )
        pipeline.ingest([str(write_log(tmp_path / "log.jsonl", 6))])
        with pytest.raises(EngineError, match="nowhere"):
            pipeline.run_to("replay")
        assert states(pipeline)["categorize"] == "never"


def test_logs_without_a_call_end_the_audit(audit, tmp_path):
    (tmp_path / "other.jsonl").write_text('{"level": "info"}\n')
    with pytest.raises(LogError, match="no call"):
        audit().ingest([str(tmp_path / "other.jsonl")])


def test_without_calls_there_is_nothing_to_do(store):
    pipeline = Pipeline(store=store, config=Config())
    with pytest.raises(NotReadyError, match="no calls"):
        pipeline.run_to("plan")
    assert set(states(pipeline).values()) == {"never"}


@pytest.mark.parametrize(
    ("trouble", "state"), [(KeyboardInterrupt(), "interrupted"), (EngineError("gone"), "failed")]
)
def test_a_stage_that_ends_early_is_gone_on_with(audit, monkeypatch, trouble, state):
    def stop(*_):
        raise trouble

    with monkeypatch.context() as patch:
        patch.setattr("auditor.criteria.grade_stage.run", stop)
        with pytest.raises(type(trouble)):
            audit(force=True).run_to("plan")
    assert states(audit())["grade"] == state
    assert "grade" in ran(audit().run_to("plan"))
    assert states(audit())["grade"] == "done"


def test_a_stage_that_died_without_a_word_is_interrupted(audit):
    pipeline = audit()
    pipeline.store.execute(
        "UPDATE stage_runs SET status = 'running', seen_at = now() - INTERVAL 1 HOUR,"
        """ detail = '{"pid": 1}' WHERE stage = 'grade'"""
    )
    assert states(pipeline)["grade"] == "interrupted"
    assert "grade" in ran(pipeline.run_to("plan"))


def test_other_prices_are_put_on_known_calls(audit, no_engines):
    pipeline = audit(prices={"models": {"gpt-4o-2024-08-06": {"input": 5, "output": 20},
                                        "gpt-4o": {"input": 5, "output": 20}}})  # fmt: skip
    before = pipeline.store.value("SELECT total_usd FROM v_totals")
    pipeline.run_to("plan")
    assert pipeline.store.value("SELECT total_usd FROM v_totals") == 2 * before
    assert any("priced anew" in warning for warning in pipeline.watch.warnings)


def test_another_seed_draws_anew_and_leaves_the_categories(audit):
    assert ran(audit(sample={"seed": 5}).run_to("replay")) == {"sample", "replay"}
    assert states(audit())["categorize"] == "done"


def test_every_setting_of_the_replay_reaches_the_engine(store, monkeypatch):
    given = {
        "slots": 3, "exact": True, "context_tokens": 2048, "max_output_tokens": 77,
        "answer_headroom": 1.5, "threads": 1, "gpu_layers": 12, "cpu_expert_layers": 5,
        "cache_gb": 1.25, "grammar": False, "timeout_s": 9.0, "template_kwargs": {"a": 1},
    }  # fmt: skip
    opened = []
    monkeypatch.setattr(
        "auditor.engines.open_engine",
        lambda spec, settings: opened.append((spec, settings)) or settings,
    )
    flags = {"replay": {**given, "concurrency": 6, "model": ["a", "b"]}, "sample": {"seed": 4}}
    Pipeline(store=store, config=override(Config(), flags)).engines()
    assert [spec for spec, _ in opened] == ["a", "b"]
    for rung, (_, settings) in enumerate(opened):
        found = {name: getattr(settings, name) for name in given}
        assert found == given
        assert (settings.urls_concurrency, settings.seed, settings.rung) == (6, 4, rung)


def test_a_stage_is_its_record_and_one_line_of_the_order(audit, monkeypatch):
    said = []

    def run(context, watch):
        said.append(context.config.plan.margin)
        return StageResult(stage="toy", rows_written=1)

    toy = Stage(
        name="toy",
        run=run,
        rests_on=("grade",),
        settings=lambda context: context.config.plan.margin,
        view=lambda store: View((Column("grades", "n", "count"),), store.dicts(GRADES)),
    )
    monkeypatch.setitem(STAGES, "toy", toy)
    assert ran(audit().run_to("toy")) == {"toy"}
    assert ran(audit().run_to("toy")) == set()  # its settings and what it rests on are the same
    assert ran(audit(plan={"margin": 0.1}).run_to("toy")) == {"toy"}
    assert said == [0.05, 0.1]
    assert states(audit())["toy"] == "stale"
    assert STAGES["toy"].view(audit().store).rows[0]["n"] > 0


GRADES = "SELECT count(*) AS n FROM grades"
