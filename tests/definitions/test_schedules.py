"""Nominal times against cronsim, over years and zones, and on days with a clock change."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Iterator
from typing import Any

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import assume, given
from hypothesis import strategies as st

from integrations.definitions.job import Schedule
from integrations.definitions.schedules import Timetable, check_ahead, check_schedule, next_times
from integrations.errors import DefinitionError

UTC = dt.UTC
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Kathmandu",
    "America/Santiago",  # changes at midnight
    "Pacific/Apia",  # has skipped a day
)
NOON = dt.datetime(2026, 3, 28, 12, tzinfo=UTC)


def timetable(*, anchor: dt.datetime = NOON, **fields: Any) -> Timetable:
    return Timetable(schedule=Schedule.parse(fields), anchor=anchor)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(times: list[dt.datetime]) -> list[str]:
    return [f"{time:%m-%d %H:%M}" for time in times]


def _field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    return st.one_of(
        st.just("*"),
        number.map(str),
        st.integers(1, high).map(lambda step: f"*/{step}"),
        st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}"),
        st.lists(number, min_size=1, max_size=3, unique=True).map(lambda many: ",".join(map(str, many))),
    )


crons = st.tuples(_field(0, 59), _field(0, 23), _field(1, 31), _field(1, 12), _field(0, 7)).map(" ".join)
moments = st.integers(0, 40 * 366 * 24 * 3600).map(
    lambda seconds: dt.datetime(2005, 1, 1, tzinfo=UTC) + dt.timedelta(seconds=seconds)
)


@given(cron=crons, tz=st.sampled_from([zone for zone in ZONES if zone != "Australia/Lord_Howe"]), after=moments)
def test_cron_gives_the_answers_of_cronsim(cron: str, tz: str, after: dt.datetime) -> None:
    """But for half-hour clock changes, where cronsim loses times: see the next test."""
    expected = _by_cronsim(cron, tz, after, count=12)

    times = next_times(Schedule.parse({"cron": cron, "tz": tz}), anchor=after, after=after, count=12)

    assert times == expected


_RANGES = (range(60), range(24), range(1, 32), range(1, 13), range(8))


def _values(field: str, values: range) -> set[int]:
    """Return what a field of `crons` names."""
    if field == "*":
        return set(values)
    if field.startswith("*/"):
        return set(values[:: int(field[2:])])
    if "-" in field:
        first, last = map(int, field.split("-"))
        return set(range(first, last + 1))
    return set(map(int, field.split(",")))


def _shows(cron: str, local: dt.datetime) -> bool:
    fields = cron.split()
    minutes, hours, days, months, weekdays = map(_values, fields, _RANGES)
    on_day, on_weekday = local.day in days, bool({local.isoweekday(), local.isoweekday() % 7} & weekdays)
    both = fields[2].startswith("*") or fields[4].startswith("*")
    is_day = on_day and on_weekday if both else on_day or on_weekday
    return local.minute in minutes and local.hour in hours and local.month in months and is_day


#: Zones with the day of a clock change, in local time.
CHANGES = (
    ("Australia/Lord_Howe", "2027-04-04"),  # 02:00 becomes 01:30
    ("Australia/Lord_Howe", "2026-10-04"),  # 02:00 becomes 02:30
    ("Europe/Berlin", "2026-10-25"),
    ("Europe/Berlin", "2026-03-29"),
    ("America/Santiago", "2026-04-04"),
    ("America/St_Johns", "2010-11-07"),  # 00:01 becomes 23:01
    ("Antarctica/Troll", "2026-03-29"),  # two hours at once
    ("Africa/Casablanca", "2026-02-15"),
    ("Asia/Kathmandu", "1986-01-01"),  # a quarter of an hour, for good
)


@given(cron=crons, change=st.sampled_from(CHANGES), start=st.integers(-600, 600))
def test_cron_with_a_star_fires_whenever_the_clock_shows_a_time_that_it_names(
    cron: str, change: tuple[str, str], start: int
) -> None:
    """Against the clock itself, minute by minute for two days around its change."""
    minute, hour, *_ = cron.split()
    assume(minute.startswith("*") or hour.startswith("*"))
    assume(check_schedule(Schedule(cron=cron), place="") == [])
    zone = zoneinfo.ZoneInfo(change[0])
    after = dt.datetime.fromisoformat(change[1]).replace(tzinfo=zone).astimezone(UTC) + dt.timedelta(minutes=start)
    until = after + dt.timedelta(days=2)
    clock = (after + dt.timedelta(minutes=number) for number in range(1, 2 * 24 * 60 + 1))

    times = list(timetable(cron=cron, tz=change[0]).between(after=after, until=until))

    assert times == [moment for moment in clock if _shows(cron, moment.astimezone(zone))]


@given(cron=crons, tz=st.sampled_from(ZONES), after=moments)
def test_cron_asked_one_by_one_gives_the_same_as_at_once(cron: str, tz: str, after: dt.datetime) -> None:
    """A scheduler asks for the next time only, behind the last one."""
    schedule = timetable(cron=cron, tz=tz)
    _by_cronsim(cron, tz, after, count=1)
    at_once = list(itertools.islice(schedule.times(after=after), 30))

    one_by_one: list[dt.datetime] = []
    while len(one_by_one) < len(at_once):
        time = schedule.next(after=one_by_one[-1] if one_by_one else after)
        assert time is not None
        one_by_one.append(time)

    assert one_by_one == at_once


def _by_cronsim(cron: str, tz: str, after: dt.datetime, *, count: int) -> list[dt.datetime]:
    """Return cronsim's answers, begun the day before so that an hour that comes twice is seen as a whole."""
    times = _simulated(cron, (after - dt.timedelta(days=1)).astimezone(zoneinfo.ZoneInfo(tz)))
    first = next(times, None)
    assume(first is not None)
    assert first is not None
    later = (time for time in itertools.chain([first], times) if time > after)
    return [time for time, _ in itertools.groupby(itertools.islice(later, 2 * count))][:count]


def _simulated(cron: str, start: dt.datetime) -> Iterator[dt.datetime]:
    try:
        yield from (time.astimezone(UTC) for time in CronSim(cron, start))
    except CronSimError:
        return


@given(after=moments, every=st.integers(1, 10_000_000), days=st.integers(-400, 400))
def test_every_does_not_drift_from_its_anchor(after: dt.datetime, every: int, days: int) -> None:
    anchor = after + dt.timedelta(days=days)

    times = list(itertools.islice(timetable(every=every, anchor=anchor).times(after=after), 5))

    assert times[0] > after
    assert times[0] - dt.timedelta(seconds=every) <= max(after, anchor)
    assert all((time - anchor) % dt.timedelta(seconds=every) == dt.timedelta() for time in times)
    assert all(later - time == dt.timedelta(seconds=every) for time, later in itertools.pairwise(times))


@pytest.mark.parametrize(
    ("cron", "tz", "day", "expected"),
    [
        # 2026-03-29 02:00 becomes 03:00 in Berlin.
        ("30 2 * * *", "Europe/Berlin", "2026-03-29", ["03-29 01:00", "03-30 00:30"]),
        ("0,30 2,3 * * *", "Europe/Berlin", "2026-03-29", ["03-29 01:00", "03-29 01:30", "03-30 00:00"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-03-29", ["03-30 00:00", "03-30 00:30"]),
        ("0 * * * *", "Europe/Berlin", "2026-03-29", ["03-28 23:00", "03-29 00:00", "03-29 01:00", "03-29 02:00"]),
        # 2026-10-25 03:00 becomes 02:00 in Berlin.
        ("30 2 * * *", "Europe/Berlin", "2026-10-25", ["10-25 00:30", "10-26 01:30"]),
        ("0 * * * *", "Europe/Berlin", "2026-10-25", ["10-24 22:00", "10-24 23:00", "10-25 00:00", "10-25 01:00"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-10-25", ["10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30"]),
        # 2027-04-04 02:00 becomes 01:30 in Lord Howe.
        (
            "*/20 2 * * *",
            "Australia/Lord_Howe",
            "2027-04-04",
            ["04-03 15:30", "04-03 15:50", "04-03 16:10", "04-04 15:30"],
        ),
        (
            "*/20 1 * * *",
            "Australia/Lord_Howe",
            "2027-04-04",
            ["04-03 14:00", "04-03 14:20", "04-03 14:40", "04-03 15:10"],
        ),
        ("0 2 * * *", "Australia/Lord_Howe", "2027-04-04", ["04-03 15:30", "04-04 15:30"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2027-04-04", ["04-03 14:45", "04-04 15:15"]),
        # 2026-10-04 02:00 becomes 02:30 in Lord Howe.
        (
            "*/20 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-04",
            ["10-03 15:40", "10-04 15:00", "10-04 15:20", "10-04 15:40"],
        ),
        # 2026-03-08 02:00 becomes 03:00, 2026-11-01 02:00 becomes 01:00 in New York.
        ("30 2 * * *", "America/New_York", "2026-03-08", ["03-08 07:00", "03-09 06:30"]),
        ("30 1 * * *", "America/New_York", "2026-11-01", ["11-01 05:30", "11-02 06:30"]),
        (
            "*/20 1 * * *",
            "America/New_York",
            "2026-11-01",
            ["11-01 05:00", "11-01 05:20", "11-01 05:40", "11-01 06:00"],
        ),
    ],
)
def test_cron_on_a_day_with_a_clock_change(cron: str, tz: str, day: str, expected: list[str]) -> None:
    midnight = dt.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo(tz))
    after = midnight.astimezone(UTC) - dt.timedelta(minutes=1)

    times = next_times(Schedule.parse({"cron": cron, "tz": tz}), anchor=after, after=after, count=len(expected))

    assert shown(times) == expected


def test_start_at_is_the_first_time_of_every() -> None:
    times = list(itertools.islice(timetable(every=60, start_at="2026-04-01T00:00:30Z").times(after=NOON), 2))

    assert times == [utc("2026-04-01T00:00:30"), utc("2026-04-01T00:01:30")]


@pytest.mark.parametrize("fields", [{}, {"every": 60}])
def test_times_are_in_utc_whatever_zone_start_at_is_written_in(fields: Any) -> None:
    time = timetable(start_at="2026-04-03T06:00:00+02:00", **fields).next(after=NOON)

    assert (time, time.tzinfo if time else None) == (utc("2026-04-03T04:00:00"), dt.UTC)


def test_start_at_delays_cron_and_counts_itself() -> None:
    times = timetable(cron="0 6 * * *", start_at="2026-04-03T06:00:00Z")

    assert times.next(after=NOON) == utc("2026-04-03T06:00")


def test_start_at_alone_is_one_time() -> None:
    schedule = timetable(start_at="2026-04-03T06:00:00Z")

    assert list(schedule.times(after=NOON)) == [utc("2026-04-03T06:00")]
    assert schedule.next(after=utc("2026-04-03T06:00")) is None


def test_end_at_is_the_last_moment() -> None:
    schedule = timetable(cron="0 * * * *", end_at="2026-03-28T14:00:00Z")

    assert list(schedule.times(after=NOON)) == [utc("2026-03-28T13:00"), utc("2026-03-28T14:00")]


def test_next_times_stop_at_what_the_limit_leaves() -> None:
    assert len(next_times(Schedule(every=60, limit=9), anchor=NOON, after=NOON, count=5, left=2)) == 2


@given(
    cron=st.sampled_from(["* * * * *", "*/7 * * * *", "0 0 29 2 *", "30 2 * * *", "0 0 1 * *"]),
    tz=st.sampled_from(ZONES),
    until=moments,
    hours=st.integers(0, 2_000),
    count=st.integers(1, 50),
)
def test_last_times_are_those_at_the_end_of_all(cron: str, tz: str, until: dt.datetime, hours: int, count: int) -> None:
    schedule, after = timetable(cron=cron, tz=tz), until - dt.timedelta(hours=hours / 10)

    assert schedule.last(count, after=after, until=until) == list(schedule.between(after=after, until=until))[-count:]


def test_count_stops_at_the_most_that_is_asked_for() -> None:
    schedule = timetable(cron="* * * * *")

    assert schedule.count(after=NOON, until=NOON + dt.timedelta(minutes=7), most=100) == 7
    assert schedule.count(after=NOON, until=NOON + dt.timedelta(days=7), most=100) == 100


def test_times_end_with_the_calendar() -> None:
    assert len(list(timetable(every=3600, start_at="8999-12-31T00:00:00Z").times(after=NOON))) == 24
    assert list(timetable(cron="0 0 29 2 *").times(after=utc("8999-01-01"))) == []


@pytest.mark.parametrize(
    ("fields", "place", "message"),
    [
        ({"cron": "* * * * * *"}, "schedule/cron", "has six fields; there are no seconds here"),
        ({"cron": "daily"}, "schedule/cron", "should have five fields, not 1"),
        ({"cron": "@daily"}, "schedule/cron", '"@daily" is not understood'),
        ({"cron": "@reboot"}, "schedule/cron", '"@reboot" is not understood'),
        ({"cron": "0 0 15W * *"}, "schedule/cron", "the nearest weekday (W) is not understood"),
        ({"cron": "0 0 L-3 * *"}, "schedule/cron", "days before the last (L-n) are not understood"),
        ({"cron": "0 0 * * L"}, "schedule/cron", "the last day of week is not understood"),
        ({"cron": "0 0 ? * 1"}, "schedule/cron", '"?" is not understood'),
        ({"cron": "*/61 * * * *"}, "schedule/cron", "a step of 61 is longer than * for the minute"),
        ({"cron": "10-20/12 * * * *"}, "schedule/cron", "a step of 12 is longer than 10-20 for the minute"),
        ({"cron": "0 5,*/25 * * *"}, "schedule/cron", "a step of 25 is longer than * for the hour"),
        ({"cron": "0 6 * * *", "tz": "localtime"}, "schedule/tz", 'unknown time zone "localtime"'),
        ({"cron": "61 * * * *"}, "schedule/cron", "cannot be read: bad minute"),
        ({"cron": "0 0 1 13 *"}, "schedule/cron", "cannot be read: bad month"),
        ({"cron": "0 0 0 2 *"}, "schedule/cron", "cannot be read: bad day-of-month"),
        ({"cron": "0 0 31 2 *"}, "schedule/cron", "never fires: the months that it names have no such day"),
        ({"cron": "0 0 31 4,6 *"}, "schedule/cron", "never fires: the months that it names have no such day"),
        ({"cron": "0 6 * * *", "tz": "Europe/Berln"}, "schedule/tz", 'unknown time zone "Europe/Berln"'),
        (
            {"cron": "0 6 * * *", "start_at": "2026-01-01T07:00:00Z", "end_at": "2026-01-01T08:00:00Z"},
            "schedule",
            "it has no time at all before its end_at",
        ),
    ],
)
def test_schedule_that_cannot_fire_is_a_problem_with_a_hint(fields: Any, place: str, message: str) -> None:
    problem = check_schedule(Schedule.parse(fields), place="schedule")[0]

    assert (problem.place, problem.message) == (place, message)
    assert problem.hint


@pytest.mark.parametrize(
    ("cron", "hint"),
    [
        ("*/90 * * * *", "leave cron out and write every: 5400"),
        ("* */25 * * *", "leave cron out and write every: 90000"),
        ("0 0 */32 * *", "leave cron out and write every: 2764800"),
        ("0 0 1 */13 *", "name the months"),
        ("@hourly", "write 0 * * * *"),
        ("0 0 * * L", "write 5L for the last Friday of the month"),
    ],
)
def test_cron_that_means_something_else_says_what_to_write(cron: str, hint: str) -> None:
    assert [problem.hint for problem in check_schedule(Schedule(cron=cron), place="schedule")] == [hint]


@pytest.mark.parametrize("cron", ["*/60 * * * *", "0 */24 * * *", "0 0 */31 * *", "10-20/11 * * * *", "5/55 * * * *"])
def test_step_as_long_as_what_it_steps_through_is_fine(cron: str) -> None:
    assert check_schedule(Schedule(cron=cron), place="schedule") == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"start_at": "2026-07-01T06:00", "tz": "Europe/Berlin"}, "2026-07-01T04:00"),
        ({"start_at": "2026-07-01", "tz": "Asia/Tokyo"}, "2026-06-30T15:00"),
        ({"start_at": "2026-07-01T06:00Z", "tz": "Europe/Berlin"}, "2026-07-01T06:00"),
        ({"start_at": "2026-07-01T06:00"}, "2026-07-01T06:00"),
        # Comes twice in Berlin: the first time counts, as with cron.
        ({"start_at": "2026-10-25T02:30", "tz": "Europe/Berlin"}, "2026-10-25T00:30"),
    ],
)
def test_start_at_without_an_offset_is_in_the_zone_of_the_schedule(fields: Any, expected: str) -> None:
    assert timetable(**fields).next(after=NOON) == utc(expected)


def test_end_at_without_an_offset_is_in_the_zone_of_the_schedule() -> None:
    schedule = Schedule.parse({"cron": "0 * * * *", "tz": "Asia/Tokyo", "end_at": "2026-03-28T23:00"})

    assert schedule.end_at == utc("2026-03-28T14:00")


def test_moment_that_the_clock_jumps_over_is_refused() -> None:
    with pytest.raises(DefinitionError) as refused:
        Schedule.parse({"tz": "Europe/Berlin", "start_at": "2026-03-29T02:30"})

    assert "start_at does not exist in Europe/Berlin: the clock jumps over it" in str(refused.value)


@pytest.mark.parametrize(
    "cron", ["0 0 29 2 *", "0 0 * 2 MON#5", "0 0 31 2 1", "0 0 L * *", "0 9-17/2 LW JAN-MAR MON-FRI"]
)
def test_schedule_that_fires_seldom_is_fine(cron: str) -> None:
    assert check_schedule(Schedule(cron=cron), place="schedule") == []


@given(cron=st.text(alphabet="0123456789*,-/#LW ²JANMON", max_size=30))
def test_any_text_is_a_problem_or_has_times(cron: str) -> None:
    assume(cron.strip())

    problems = check_schedule(Schedule(cron=cron), place="")

    assert problems or timetable(cron=cron).next(after=NOON) is not None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"every": 60}, None),
        ({"start_at": "2026-03-28T12:00:01Z"}, None),
        ({"cron": "0 6 * * *", "start_at": "2020-01-01"}, None),
        ({"every": 60, "end_at": "2026-03-28T12:01:00Z"}, None),
        ({"start_at": "2026-03-28T12:00:00Z"}, "schedule/start_at: is in the past (name a time to come)"),
        ({"every": 60, "end_at": "2026-03-28"}, "schedule/end_at: is in the past (name a later one, or leave it out)"),
        (
            {"cron": "0 6 * * *", "end_at": "2026-03-29T05:59:00Z"},
            "schedule/end_at: is before the first time that is left (name a later one, or leave it out)",
        ),
        (
            {"every": 600, "end_at": "2026-03-28T12:09:00Z"},
            "schedule/end_at: is before the first time that is left (name a later one, or leave it out)",
        ),
        (
            {"cron": "0 0 1 1 *", "start_at": "8999-12-31"},
            "schedule: it has no time at all (name an earlier start_at)",
        ),
    ],
)
def test_schedule_with_no_time_left_is_a_problem(fields: dict[str, Any], problem: str | None) -> None:
    found = check_ahead(Schedule.parse(fields), anchor=NOON, now=NOON, place="schedule")

    assert [str(each) for each in found] == ([problem] if problem else [])
