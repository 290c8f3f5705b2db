"""Times as people, languages and databases write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.readers.times import is_call_time, moment

NOON = int(datetime(2026, 4, 17, 12, 30, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "written",
    [
        "2026-04-17T12:30:00Z", "2026-04-17T12:30:00.000+0000", "2026-04-17 12:30:00,000",
        "20260417T123000Z", "20260417123000", "2026/04/17 12:30", "2026-04-17 14:30:00 +0200",
        "4/17/2026 12:30:00 PM", "4/17/2026, 12:30 p.m.", "04/17/26 12:30", "17/04/2026 12:30:00",
        "17.04.2026 12:30:00", "17-Apr-2026 12:30:00", "17 April 2026 12:30:00",
        "Apr 17, 2026 12:30:00 PM", "Friday, April 17, 2026 12:30:00 PM",
        "Fri, 17 Apr 2026 12:30:00 GMT", "Fri, 17 Apr 2026 08:30:00 EDT",
        "Fri Apr 17 12:30:00 2026", "Fri Apr 17 12:30:00 UTC 2026",
        "Fri Apr 17 2026 14:30:00 GMT+0200 (Central European Summer Time)",
        "17/Apr/2026:12:30:00 +0000", "2026-04-17T12:30:00Z[UTC]",
        "2026-04-17 12:30:00.000000000 +0000 UTC m=+0.004", "/Date(1776429000000+0000)/",
        1776429000, 1776429000.0, "1776429000000", 1776429000000000, "1776429000000000000",
        "[17/Apr/2026:12:30:00 +0000]", "2026-04-17 08:30:00 EDT", "2026-04-17 14:30:00 CEST",
        "2026-04-17 14:30:00 Europe/Berlin", "April 17, 2026 at 12:30:00 PM UTC",
        "2026-04-17 12.30.00", "2026-04-17_12-30-00", "17-APR-26 12.30.00.000000 PM",
        "2026年04月17日 12:30:00", 46129.520833333336, "46129.520833333336",
        {"$date": "2026-04-17T12:30:00Z"}, {"$date": {"$numberLong": "1776429000000"}},
        {"$date": 1776429000000}, {"seconds": 1776429000, "nanos": 0},
        {"_seconds": 1776429000, "_nanoseconds": 0},
    ],
)  # fmt: skip
def test_every_usual_form_is_the_same_moment(written):
    assert moment(written) == NOON


@pytest.mark.parametrize(
    "written", ["", "soon", "12:30", True, None, [], {}, {"$date": {}}, "99/99/2026", 1e300]
)
def test_what_is_no_time_is_none(written):
    assert moment(written) is None


@pytest.mark.parametrize("written", [0, 17, -5, "0001-01-01T00:00:00Z", 10**24, -1e25])
def test_a_moment_at_which_no_call_can_have_been_is_a_moment_all_the_same(written):
    found = moment(written)
    assert isinstance(found, int)
    assert not is_call_time(found)


@given(
    st.one_of(
        st.integers(),
        st.floats(),
        st.text(max_size=60),
        st.dictionaries(
            st.sampled_from(["$date", "seconds", "nanos", "_seconds"]),
            st.one_of(st.integers(), st.text(max_size=20), st.none()),
            max_size=2,
        ),
    )
)
def test_any_value_is_a_moment_or_none(written):
    found = moment(written)
    assert found is None or isinstance(found, int)
