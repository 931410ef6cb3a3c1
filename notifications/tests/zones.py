"""Moments and places at which clocks are hard, for tests of timing."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
CASABLANCA = ZoneInfo("Africa/Casablanca")
APIA = ZoneInfo("Pacific/Apia")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ST_JOHNS = ZoneInfo("America/St_Johns")
ZONES = [SHANGHAI, NEW_YORK, LONDON, LORD_HOWE, CASABLANCA, APIA, KATHMANDU, SAO_PAULO, ST_JOHNS]

JUMPS = [
    datetime(2010, 11, 7, 2, 31, tzinfo=UTC),  # St. John's goes back from 00:01 into the day before
    datetime(2011, 12, 30, 10, 0, tzinfo=UTC),  # Apia leaves out the 30th of December
    datetime(2018, 2, 18, 2, 0, tzinfo=UTC),  # São Paulo goes back from midnight to 23:00
    datetime(2018, 11, 4, 3, 0, tzinfo=UTC),  # São Paulo has no midnight
    datetime(2026, 2, 15, 2, 0, tzinfo=UTC),  # Casablanca goes back for Ramadan
    datetime(2026, 3, 8, 7, 0, tzinfo=UTC),  # New York goes forward
    datetime(2026, 3, 22, 2, 0, tzinfo=UTC),  # Casablanca goes forward again
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # London goes forward
    datetime(2026, 4, 4, 15, 0, tzinfo=UTC),  # Lord Howe goes back by half an hour
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),  # Lord Howe goes forward by half an hour
    datetime(2026, 11, 1, 6, 0, tzinfo=UTC),  # New York goes back
    datetime(2027, 12, 31, 12, 0, tzinfo=UTC),  # a year ends
    datetime(2028, 2, 29, 12, 0, tzinfo=UTC),  # a leap day
]

zones = st.sampled_from(ZONES)
instants = st.one_of(
    st.datetimes(datetime(2010, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.builds(lambda jump, away: jump + away, st.sampled_from(JUMPS), st.timedeltas(-timedelta(days=2), timedelta(2))),
)
