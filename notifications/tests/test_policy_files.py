"""The policies as they are shipped, and an operator's own in their place."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.core import checks as django_checks
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from accounts.people import Named, take_borrowers
from accounts.register import Firm
from loans.tests.factories import make_installment, make_loan
from notifications.checks import check_policies
from notifications.clock import Clock
from notifications.models import Prompt
from notifications.planning import plan_upcoming
from notifications.policy import (
    CHANNELS,
    PURPOSES,
    DisputeClock,
    Mark,
    PolicyError,
    Purpose,
    When,
    purpose_of,
)
from notifications.policy_files import jurisdictions, opt_out_for, policy_for, rule_named, rules_of

CODES = ["cn", "eu", "uk", "us"]
TODAY = date(2026, 11, 22)


def write(folder: Path, name: str, *, hours: str = "09:00-17:00", since: str = "2020-01-01") -> Path:
    purposes = ("service", "statutory", "collection")
    figure = f'value = "{hours}"\ncitation = "a choice"\nvalid_from = {since}\nmark = "O"\n'
    path = folder / name
    path.write_text("".join(f"[[{purpose}.hours]]\n{figure}" for purpose in purposes), "utf-8")
    return path


class TestShipped:
    def test_four_jurisdictions_have_a_policy_for_every_purpose(self) -> None:
        assert jurisdictions() == CODES
        for code in CODES:
            for purpose in Purpose:
                policy = policy_for(code, purpose, TODAY)
                assert (policy.jurisdiction, policy.purpose, policy.day) == (code, purpose, TODAY)

    @pytest.mark.parametrize(
        ("code", "hours"), [("cn", "08:00-22:00"), ("us", "08:00-21:00"), ("uk", "08:00-21:00"), ("eu", "08:00-21:00")]
    )
    def test_a_service_prompt_keeps_the_hours_of_collection_by_our_own_choice(self, code: str, hours: str) -> None:
        service, collection = policy_for(code, "service", TODAY), policy_for(code, "collection", TODAY)
        assert str(service.hours.hours) == str(collection.hours.hours) == hours
        assert service.hours.citation.mark is Mark.OWN

    @pytest.mark.parametrize("code", CODES)
    def test_a_service_prompt_has_no_caps(self, code: str) -> None:
        policy = policy_for(code, "service", TODAY)
        assert not any(policy.caps_on(channel) for channel in CHANNELS)

    def test_china(self) -> None:
        collection = policy_for("cn", "collection", TODAY)
        assert collection.hours.id == "cn/collection/hours/2025-02-28"
        assert [(cap.span, cap.most, cap.citation.mark) for cap in collection.caps_on("voice")] == [("day", 3, "S")]
        assert [(cap.span, cap.most, cap.citation.mark) for cap in collection.caps_on("unanswered_voice")] == [
            ("day", 6, "S")
        ]
        assert all(cap.citation.mark is Mark.OWN for cap in collection.caps_on("sms"))
        notice = policy_for("cn", "statutory", TODAY).notice("adverse_report")
        assert notice is not None
        assert (notice.days, notice.when, notice.citation.mark) == (0, When.BEFORE, "V")

    def test_the_united_states(self) -> None:
        collection = policy_for("us", "collection", TODAY)
        assert [(cap.span, cap.most) for cap in collection.caps_on("voice")] == [("week", 7)]
        pause = collection.cool_off("voice")
        assert pause is not None
        assert (pause.days, collection.cool_off("sms")) == (7, None)
        notice = policy_for("us", "statutory", TODAY).notice("adverse_report")
        assert notice is not None
        assert (notice.days, notice.when) == (30, When.AFTER)

    def test_no_more_messages_is_obeyed_within_ten_business_days_in_the_united_states(self) -> None:
        rule = opt_out_for("us", TODAY)
        assert rule is not None
        assert (rule.days, rule.citation.source) == (10, "47 CFR 64.1200(a)(10)")
        assert opt_out_for("us", date(2025, 4, 10)) is None
        assert opt_out_for("cn", TODAY) is None

    def test_the_united_kingdom(self) -> None:
        notice = policy_for("uk", "statutory", TODAY).notice("adverse_report")
        assert notice is not None
        assert (notice.days, notice.when, notice.citation.mark) == (28, When.BEFORE, "R")
        assert policy_for("uk", "collection", TODAY).hours.citation.mark is Mark.OWN

    @pytest.mark.parametrize("code", ["uk", "eu"])
    def test_what_was_reported_is_rectified_within_a_month_where_the_gdpr_holds(self, code: str) -> None:
        rule = rule_named(f"{code}/disputes/objection/2018-05-25")
        assert isinstance(rule, DisputeClock)
        assert (rule.most, rule.unit, rule.citation.mark) == (1, "months", "R")

    def test_whatever_regulation_f_says_holds_from_a_recalled_day(self) -> None:
        figures = [rule.citation for rule in rules_of("us") if "Regulation F" in rule.citation.source]
        assert len(figures) == 3
        assert all(figure.note.endswith("The date is recalled.") for figure in figures)

    @given(st.dates(date(2000, 1, 1), date(2199, 12, 31)), st.sampled_from(CODES), st.sampled_from(list(Purpose)))
    def test_what_holds_on_a_day_has_begun_and_was_not_followed(self, day: date, code: str, purpose: Purpose) -> None:
        policy = policy_for(code, purpose, day)
        for rule in (policy.hours, *policy.caps, *policy.cool_offs, *policy.notices):
            same = [other for other in rules_of(code) if other.subject == rule.subject]
            assert rule.citation.valid_from <= day
            assert not any(rule.citation.valid_from < other.citation.valid_from <= day for other in same)

    @pytest.mark.parametrize("code", CODES)
    def test_every_rule_is_found_again_by_its_name(self, code: str) -> None:
        for rule in rules_of(code):
            assert rule_named(rule.id) == rule
            assert len(rule.id) <= 64

    @pytest.mark.parametrize("name", ["", "cn", "fr/collection/hours/2020-01-01", "cn/collection/hours/1999-01-01"])
    def test_a_name_that_no_file_has_any_more_is_nothing(self, name: str) -> None:
        assert rule_named(name) is None

    def test_a_day_changes_nothing_before_it(self) -> None:
        eve = date(2025, 2, 27)
        assert policy_for("cn", "collection", eve).hours.citation.source.startswith("NIFA")
        assert policy_for("cn", "collection", eve).caps_on("voice") == ()
        assert policy_for("cn", "collection", eve + timedelta(days=1)).caps_on("voice") != ()

    def test_a_day_before_every_figure_is_refused(self) -> None:
        with pytest.raises(PolicyError, match=r"cn\.toml: collection has no contact hours on 1999-12-31"):
            policy_for("cn", "collection", date(1999, 12, 31))

    def test_who_asks_for_the_file_of_a_jurisdiction_without_one_reads_which_there_are(self) -> None:
        with pytest.raises(PolicyError, match="no policy for 'fr', only for cn, eu, uk, us"):
            rules_of("fr")

    @pytest.mark.parametrize(("code", "law"), [("fr", "eu"), ("ca", "us"), ("jp", "cn"), ("xx", "cn")])
    def test_people_whose_country_has_no_file_are_under_the_law_that_they_share(self, code: str, law: str) -> None:
        assert policy_for(code, "service", TODAY) is policy_for(law, "service", TODAY)
        assert opt_out_for(code, TODAY) == opt_out_for(law, TODAY)

    def test_it_is_read_once(self) -> None:
        assert policy_for("cn", "service", TODAY) is policy_for("cn", Purpose.SERVICE, TODAY)


class TestPurposes:
    def test_every_kind_of_prompt_has_one(self) -> None:
        assert set(Prompt.Kind.values) <= PURPOSES.keys()
        assert purpose_of("overdue") is Purpose.COLLECTION
        assert purpose_of("prior_notice") is Purpose.STATUTORY

    def test_an_unknown_kind_is_refused(self) -> None:
        with pytest.raises(PolicyError, match="'poem' has no purpose"):
            purpose_of("poem")


class TestOnesOwn:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, settings: Settings) -> Path:
        settings.POLICY_FOLDER = str(tmp_path)
        return tmp_path

    def test_a_file_takes_the_place_of_the_shipped_one(self, folder: Path) -> None:
        write(folder, "cn.toml")
        assert str(policy_for("cn", "service", TODAY).hours.hours) == "09:00-17:00"
        assert str(policy_for("us", "service", TODAY).hours.hours) == "08:00-21:00"
        assert check_policies(None) == []

    def test_a_file_may_begin_with_a_byte_order_mark(self, folder: Path) -> None:
        path = write(folder, "cn.toml")
        path.write_text(path.read_text("utf-8"), "utf-8-sig")
        assert str(policy_for("cn", "service", TODAY).hours.hours) == "09:00-17:00"

    @pytest.mark.django_db
    def test_a_file_may_add_a_jurisdiction_which_holds_for_its_people(self, folder: Path) -> None:
        write(folder, "de.toml")
        assert jurisdictions() == ["cn", "de", "eu", "uk", "us"]
        assert check_policies(None) == []
        take_borrowers([Named(external_id="B-1", name="Lin", phone="+4915112345678", email=None)], firm=Firm(1, set))
        german = User.objects.get()
        make_installment(make_loan(german), due_on=TODAY + timedelta(days=3))
        plan_upcoming(Clock(datetime(2026, 11, 22, 8, 30, tzinfo=german.zone)))
        prompt = Prompt.objects.get()
        assert prompt.tell_at == datetime(2026, 11, 22, 9, 0, tzinfo=german.zone)
        assert set(prompt.deliveries.values_list("held_by", flat=True)) == {"de/service/hours/2020-01-01"}

    def test_a_file_for_nobody_stops_the_start(self, folder: Path) -> None:
        write(folder, "xy.toml")
        (error,) = check_policies(None)
        assert str(error.msg).endswith("xy.toml: no country has this code, so it would hold for nobody.")

    @pytest.mark.parametrize("name", ["china.toml", "CN.toml", "cn.TOML", "c1.toml"])
    def test_a_file_whose_name_says_nothing_stops_the_start(self, folder: Path, name: str) -> None:
        write(folder, name)
        (error,) = check_policies(None)
        assert name in str(error.msg)
        assert "two small letters such as cn.toml" in str(error.msg)

    @pytest.mark.parametrize("code", [*CODES, "de"])
    @pytest.mark.parametrize("broken", [("valid_from", "validfrom"), ("09:00-17:00", "22:00-08:00"), ("[[", "[[[")])
    def test_a_bad_file_of_any_law_stops_the_start(self, folder: Path, code: str, broken: tuple[str, str]) -> None:
        path = write(folder, f"{code}.toml")
        path.write_text(path.read_text("utf-8").replace(*broken), "utf-8")
        errors = check_policies(None)
        assert {(error.id, str(error.msg).startswith(str(path))) for error in errors} == {("notifications.E002", True)}

    def test_a_bad_file_stops_the_start_and_says_where(self, folder: Path) -> None:
        path = write(folder, "cn.toml", hours="22:00-08:00")
        errors = [str(error.msg) for error in django_checks.run_checks() if error.id == "notifications.E002"]
        places = [f"{path} [{purpose}.hours]: Contact hours that never open" for purpose in Purpose]
        assert [error[: len(place)] for error, place in zip(errors, places, strict=True)] == places

    def test_each_bad_file_is_named(self, folder: Path) -> None:
        write(folder, "cn.toml", hours="never")
        (folder / "us.toml").write_bytes(b"\xff\xfe")
        write(folder, "China.toml")
        named = [Path(str(error.msg).split(":")[0].split(" ")[0]).name for error in check_policies(None)]
        assert named == ["China.toml", "cn.toml", "cn.toml", "cn.toml", "us.toml"]

    def test_what_is_not_read_is_named(self, folder: Path) -> None:
        write(folder, "cn.toml")
        for name in ("de.tml", "us.toml.bak", "README", "readme.md", ".cn.toml.swp"):
            write(folder, name)
        (folder / "old").mkdir()
        assert check_policies(None) == []
        said = [str(warning.msg) for warning in django_checks.run_checks() if warning.id == "notifications.W009"]
        assert [text.split(": this is not read")[0].rpartition("/")[2] for text in said] == [
            "de.tml",
            "old",
            "us.toml.bak",
        ]
        assert "ends in .toml, such as cn.toml" in said[0]

    def test_hours_that_only_begin_in_the_future_stop_the_start(self, folder: Path) -> None:
        write(folder, "cn.toml", since="2199-01-01")
        (error, *_others) = check_policies(None)
        assert "its first are of 2199-01-01" in str(error.msg)

    def test_a_folder_that_is_not_there_stops_the_start(self, folder: Path, settings: Settings) -> None:
        settings.POLICY_FOLDER = str(folder / "gone")
        (error,) = check_policies(None)
        assert "POLICY_FOLDER" in str(error.msg)

    def test_the_command_shows_what_holds(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write(folder, "cn.toml")
        call_command("show_policies", "cn")
        assert "| service/hours | 09:00-17:00 | 2020-01-01 | O | a choice |" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("code", "year", "said"),
        [
            ("cn", 2026, "Holidays 2026 (decreed: 国办发明电〔2025〕7号 (2025-11-04)):"),
            ("cn", 2026, "| 2026-02-14 | Sat | worked |"),
            ("cn", 2090, "Holidays 2090 (provisional: "),
            ("cn", 2019, "Holidays 2019 (decreed, and not compared"),
            ("us", 2090, "Holidays 2090 (as the law has them):"),
            ("us", 2026, "| 2026-11-26 | Thu | Thanksgiving Day |"),
            ("eu", 2026, "Holidays 2026: those of the country of the"),
        ],
    )
    def test_the_command_says_which_holidays_are_decreed_and_which_provisional(
        self, code: str, year: int, said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("show_policies", code, "--year", str(year))
        assert said in capsys.readouterr().out

    def test_without_a_year_it_shows_those_of_this_year_and_the_next(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("show_policies", "uk")
        shown = capsys.readouterr().out
        assert [f"Holidays {timezone.localdate().year + more} (" in shown for more in (0, 1, 2)] == [True, True, False]

    def test_the_command_says_what_is_wrong(self, folder: Path) -> None:
        write(folder, "cn.toml", hours="never")
        with pytest.raises(CommandError, match=r"cn\.toml"):
            call_command("show_policies")


def test_a_kind_of_prompt_without_a_purpose_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.policy.PURPOSES", {"upcoming": Purpose.SERVICE})
    assert len(check_policies(None)) == len(Prompt.Kind.values) - 1
