"""Forms: both languages side by side, parts in order, slugs made from names, lists one value a line."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from initiatives.models import (
    Capability,
    Citation,
    Engagement,
    Indicator,
    Initiative,
    Organization,
    Pillar,
    Platform,
    Statement,
    Strategy,
)
from tests.admin.pages import adding, changing, errors, form_data, new_row
from tests.admin.rows import ROWS
from tests.factories import (
    make_agenda_item,
    make_capability,
    make_citation,
    make_engagement,
    make_initiative,
    make_milestone,
    make_organization,
    make_participation,
    make_pillar,
    make_platform,
    make_smart_service,
    make_source,
    make_strategy,
)


class Inputs(HTMLParser):
    """The attributes of every box of a page, by name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str | None]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("input", "textarea", "select") and given.get("name"):
            self.found[str(given["name"])] = given


def inputs(client: Client, address: str) -> dict[str, dict[str, str | None]]:
    return Inputs(client.get(address).content.decode()).found


@pytest.mark.parametrize("model", [model for model in admin.site._registry if model.__name__ != "Rating"], ids=str)
def test_boxes_say_the_language_and_direction_of_their_text(desk: Client, model: Any) -> None:
    found = inputs(desk, adding(model))
    bilingual = {name: given for name, given in found.items() if name.endswith(("_en", "_ar"))}
    for name, given in bilingual.items():
        assert (given["lang"], given["dir"]) == (("ar", "rtl") if name.endswith("_ar") else ("en", "ltr"))
    label = getattr(model, "label", None)
    assert not label or {f"{label}_en", f"{label}_ar"} <= set(bilingual)


def test_the_two_languages_of_a_text_share_a_row(desk: Client) -> None:
    rows = [line.fields for line in next(iter(desk.get(adding(Organization)).context["adminform"]))]
    named = [tuple(field for field in row) for row in rows]
    assert named[0] == ("name_en", "name_ar")
    assert ("role_en", "role_ar") in named


def test_parts_say_the_language_of_their_text_as_well(desk: Client) -> None:
    capability = make_capability()
    found = inputs(desk, changing(capability.platform))
    assert found["capabilities-0-text_ar"]["dir"] == "rtl"
    assert found["capabilities-0-text_en"]["lang"] == "en"


def test_parts_stand_in_their_order(desk: Client) -> None:
    platform = make_platform()
    for position in (3, 1, 2):
        make_capability(platform=platform, position=position, text_en=f"Number {position}")
    formset = desk.get(changing(platform)).context["inline_admin_formsets"][0].formset
    assert [form.instance.position for form in formset.initial_forms] == [1, 2, 3]


def test_two_parts_may_swap_their_places(desk: Client) -> None:
    platform = make_platform()
    first = make_capability(platform=platform, position=1)
    second = make_capability(platform=platform, position=2)
    data = form_data(desk.get(changing(platform)))
    swapped = {**data, "capabilities-0-position": 2, "capabilities-1-position": 1}
    assert desk.post(changing(platform), swapped).status_code == 302
    assert list(Capability.objects.filter(platform=platform)) == [second, first]


def test_a_part_without_a_position_comes_last(desk: Client) -> None:
    platform = make_platform()
    make_capability(platform=platform, position=4)
    data = form_data(desk.get(changing(platform)))
    data = new_row(data, "capabilities", text_en="One more", status="promised", position="")
    data = new_row(data, "capabilities", text_ar="وأخرى", status="promised", position="")
    assert desk.post(changing(platform), data).status_code == 302
    assert list(Capability.objects.values_list("position", "text_en", "text_ar"))[1:] == [
        (5, "One more", ""),
        (6, "", "وأخرى"),
    ]


def test_two_parts_in_one_place_are_refused(desk: Client) -> None:
    platform = make_platform()
    data = form_data(desk.get(changing(platform)))
    for text in ("One", "Two"):
        data = new_row(data, "capabilities", text_en=text, status="promised", position=1)
    page = desk.post(changing(platform), data)
    assert any("same position" in message for messages in errors(page).values() for message in messages)
    assert not Capability.objects.exists()


def test_a_new_record_comes_with_its_parts_and_citations(desk: Client) -> None:
    source = make_source()
    data = form_data(desk.get(adding(Strategy)), title_en="Strategy 2021", title_ar="استراتيجية 2021")
    data = new_row(data, "pillars", name_en="Happiness", position="")
    data = new_row(
        data, "initiatives-citation-content_type-object_id", source=source.pk, locator="L4", fields=["pillars"],
        stance="supports",
    )  # fmt: skip
    assert desk.post(adding(Strategy), data).status_code == 302
    strategy = Strategy.objects.get(slug="strategy-2021")
    pillar = strategy.pillars.get()
    assert (pillar.slug, pillar.position) == ("happiness", 1)
    citation = strategy.citations.get()
    assert (citation.source, citation.locator, citation.fields) == (source, "L4", ["pillars"])


def test_a_citation_offers_the_fields_of_its_record_and_no_others(desk: Client) -> None:
    strategy = make_strategy()
    page = desk.get(changing(strategy))
    offered = dict(page.context["inline_admin_formsets"][-1].formset.empty_form.fields["fields"].choices)
    assert {"title", "owner", "description"} <= set(offered)
    assert not {"slug", "title_en", "replaced_by"} & set(offered)
    data = new_row(
        form_data(page), "initiatives-citation-content_type-object_id", source=make_source().pk, fields=["colour"],
        stance="supports",
    )  # fmt: skip
    assert "initiatives-citation-content_type-object_id-0-fields" in errors(desk.post(changing(strategy), data))


def test_a_slug_is_made_from_the_english_name_where_none_is_given(desk: Client) -> None:
    assert desk.get(adding(Organization)).context["adminform"].prepopulated_fields[0]["field"].name == "slug"
    desk.post(adding(Organization), form_data(desk.get(adding(Organization)), name_en="Dubai Data Office"))
    assert Organization.objects.get().slug == "dubai-data-office"


def test_a_record_with_an_arabic_name_alone_gets_a_slug_too(desk: Client) -> None:
    desk.post(adding(Organization), form_data(desk.get(adding(Organization)), name_ar="هيئة"))
    assert Organization.objects.get().slug == "organization"


def test_other_names_are_given_one_a_line(desk: Client) -> None:
    organization = make_organization(aliases_en=["SDO", "Smart Dubai, the office"])
    data = form_data(desk.get(changing(organization)))
    assert data["aliases_en"] == "SDO\nSmart Dubai, the office"
    data["aliases_en"] += "\r\n\r\n The Office \r\n"
    assert desk.post(changing(organization), data).status_code == 302
    organization.refresh_from_db()
    assert organization.aliases_en == ["SDO", "Smart Dubai, the office", "The Office"]


def test_a_name_that_is_too_long_is_quoted_in_its_refusal(desk: Client) -> None:
    data = form_data(desk.get(adding(Organization)), name_en="Name", aliases_en="x" * 201)
    assert "200" in errors(desk.post(adding(Organization), data))["aliases_en"][0]


def test_channels_are_ticked(desk: Client) -> None:
    service = make_smart_service()
    data = form_data(desk.get(changing(service)), channels=["web", "kiosk"])
    assert desk.post(changing(service), data).status_code == 302
    service.refresh_from_db()
    assert service.channels == ["web", "kiosk"]


def test_computed_values_are_shown_and_not_asked_for(desk: Client) -> None:
    initiative = make_initiative(actual_start="2016-10-01")
    make_milestone(initiative=initiative, completed_on="2016-11-01")
    page = desk.get(changing(initiative))
    text = page.content.decode()
    assert "progress" in text
    assert ">100<" in text
    assert not {"status", "progress", "state"} & set(page.context["adminform"].form.fields)


@pytest.mark.parametrize("model", [Initiative, Engagement, Platform, Strategy, Statement, Indicator], ids=str)
def test_saving_a_form_as_it_is_changes_nothing(desk: Client, model: Any) -> None:
    row = ROWS[model]()
    make_citation(record=row, fields=["owner"] if model in (Platform, Strategy) else [])
    assert desk.post(changing(row), form_data(desk.get(changing(row)))).status_code == 302
    assert LogEntry.objects.get().get_change_message() == "No fields changed."


def test_the_form_asks_as_much_for_ten_parts_as_for_one(desk: Client) -> None:
    engagement = make_engagement()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.get(changing(engagement))
        return len(captured)

    for position in range(1, 11):
        make_participation(engagement=engagement, position=position, on_behalf_of=make_organization())
        make_agenda_item(engagement=engagement, position=position, refers_to=make_organization())
        if position == 1:
            desk.get(changing(engagement))
            for_one = queries()
    assert queries() == for_one


def test_a_part_has_a_page_of_its_own_for_its_citations(desk: Client) -> None:
    capability = make_capability()
    assert changing(capability) in desk.get(changing(capability.platform)).content.decode()
    data = new_row(
        form_data(desk.get(changing(capability))),
        "initiatives-citation-content_type-object_id",
        source=make_source().pk,
        locator="L10",
        stance="supports",
    )
    assert desk.post(changing(capability), data).status_code == 302
    assert Citation.objects.get().record == capability


def test_a_record_is_shown_on_the_site_from_its_form(desk: Client) -> None:
    pillar = make_pillar()
    page = desk.get(changing(pillar))
    shown = desk.get(page.context["absolute_url"])
    assert shown["Location"].endswith(Pillar.objects.get().get_absolute_url())
