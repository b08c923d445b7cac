from django.db import migrations

from tracker.database.indexes import AddSearchIndex
from tracker.search import SearchIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("api", "0004_search"),
        ("initiatives", "0006_webhooks"),
    ]

    operations = [
        AddSearchIndex(
            model_name="appointment",
            index=SearchIndex(label=("title_en", "title_ar"), name="appointment_search", names=("slug",)),
        ),
        AddSearchIndex(
            model_name="citation",
            index=SearchIndex(
                name="citation_search", names=("slug",), notes=("claimed_value",), texts=("note_en", "note_ar")
            ),
        ),
        AddSearchIndex(
            model_name="dataset",
            index=SearchIndex(
                label=("title_en", "title_ar"),
                name="dataset_search",
                names=("slug", "keywords_en", "keywords_ar"),
                notes=("spatial_coverage_en", "spatial_coverage_ar"),
                texts=("description_en", "description_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="engagement",
            index=SearchIndex(
                label=("title_en", "title_ar"),
                name="engagement_search",
                names=("slug",),
                notes=("date_note_en", "date_note_ar", "place_en", "place_ar"),
                texts=("purpose_en", "purpose_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="goal",
            index=SearchIndex(
                label=("title_en", "title_ar"),
                name="goal_search",
                names=("slug",),
                texts=("description_en", "description_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="indicator",
            index=SearchIndex(
                label=("title_en", "title_ar"),
                name="indicator_search",
                names=("slug", "code"),
                notes=("unit_en", "unit_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="initiative",
            index=SearchIndex(
                label=("title_en", "title_ar"),
                name="initiative_search",
                names=("slug",),
                notes=("dates_note_en", "dates_note_ar"),
                texts=("summary_en", "summary_ar", "status_reason_en", "status_reason_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="milestone",
            index=SearchIndex(label=("title_en", "title_ar"), name="milestone_search", names=("slug",)),
        ),
        AddSearchIndex(
            model_name="observation",
            index=SearchIndex(name="observation_search", names=("slug",), notes=("date_note_en", "date_note_ar")),
        ),
        AddSearchIndex(
            model_name="organization",
            index=SearchIndex(
                label=("name_en", "name_ar"),
                name="organization_search",
                names=("slug", "aliases_en", "aliases_ar"),
                texts=("role_en", "role_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="partnership",
            index=SearchIndex(name="partnership_search", names=("slug",), texts=("description_en", "description_ar")),
        ),
        AddSearchIndex(
            model_name="person",
            index=SearchIndex(
                label=("name_en", "name_ar"),
                name="person_search",
                names=("slug", "aliases_en", "aliases_ar"),
                notes=("honorific_en", "honorific_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="pillar",
            index=SearchIndex(
                label=("name_en", "name_ar"),
                name="pillar_search",
                names=("slug",),
                texts=("description_en", "description_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="platform",
            index=SearchIndex(
                label=("name_en", "name_ar"),
                name="platform_search",
                names=("slug",),
                texts=("description_en", "description_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="roadmap",
            index=SearchIndex(
                label=("title_en", "title_ar"),
                name="roadmap_search",
                names=("slug",),
                notes=("audience_en", "audience_ar"),
                texts=("description_en", "description_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="sharingagreement",
            index=SearchIndex(
                name="sharingagreement_search",
                names=("slug",),
                texts=("purpose_en", "purpose_ar", "terms_en", "terms_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="smartservice",
            index=SearchIndex(
                label=("name_en", "name_ar"),
                name="smartservice_search",
                names=("slug",),
                texts=("description_en", "description_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="source",
            index=SearchIndex(
                label=("title_en", "title_ar"),
                name="source_search",
                names=("slug",),
                notes=("publisher_en", "publisher_ar"),
            ),
        ),
        AddSearchIndex(
            model_name="statement",
            index=SearchIndex(label=("gist_en", "gist_ar"), name="statement_search", names=("slug",)),
        ),
        AddSearchIndex(
            model_name="strategy",
            index=SearchIndex(
                label=("title_en", "title_ar"),
                name="strategy_search",
                names=("slug",),
                notes=("period_note_en", "period_note_ar"),
                texts=("description_en", "description_ar"),
            ),
        ),
    ]
