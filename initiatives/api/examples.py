"""Examples for the API's documentation: bodies as one would POST them, in an order in which each finds what it names.

A member that can only be read is what the database makes of the rest; it is not sent.
"""

from __future__ import annotations

from tracker.api.schema_examples import Examples

ARTICLE = "smart-dubai-visit-article"
OFFICE = "smart-dubai-office"
MUNICIPALITY = "dubai-municipality"
DATA_ESTABLISHMENT = "dubai-data-establishment"


def _cited(locator: str, *fields: str) -> list[dict[str, object]]:
    return [{"source": ARTICLE, "locator": locator, "fields": list(fields)}]


EXAMPLES: Examples = {
    "sources": (
        {
            "slug": ARTICLE,
            "kind": "article",
            "title": {
                "en": "Smart Dubai Office presents its work at Dubai Municipality",
                "ar": "مكتب دبي الذكية يعرض أعماله في بلدية دبي",
            },
            "language": "ar",
        },
    ),
    "organizations": (
        {
            "slug": OFFICE,
            "name": {"en": "Smart Dubai Office", "ar": "مكتب دبي الذكية"},
            "aliases": {"en": ["Smart Dubai"], "ar": ["دبي الذكية"]},
            "kind": "authority",
            "sector": "public",
            "country": "AE",
            "citations": _cited("L1", "name"),
        },
        {
            "slug": DATA_ESTABLISHMENT,
            "name": {"en": "Dubai Data Establishment", "ar": "مؤسسة بيانات دبي"},
            "kind": "establishment",
            "sector": "public",
            "parent": OFFICE,
            "country": "AE",
            "citations": _cited("L7", "name", "parent"),
        },
        {
            "slug": MUNICIPALITY,
            "name": {"en": "Dubai Municipality", "ar": "بلدية دبي"},
            "kind": "municipality",
            "sector": "public",
            "country": "AE",
            "citations": _cited("L1", "name"),
        },
    ),
    "people": (
        {
            "slug": "aisha-bin-bishr",
            "name": {"en": "Aisha bint Butti bin Bishr", "ar": "عائشة بنت بطي بن بشر"},
            "honorific": {"en": "Dr", "ar": "الدكتورة"},
            "aliases": {"en": ["Bin Bishr"], "ar": ["بن بشر"]},
            "citations": _cited("L1", "name", "honorific"),
        },
    ),
    "appointments": (
        {
            "slug": "aisha-bin-bishr-smart-dubai-office",
            "person": "aisha-bin-bishr",
            "organization": OFFICE,
            "title": {"en": "Director General", "ar": "المدير العام"},
            "citations": _cited("L1"),
        },
    ),
    "strategies": (
        {
            "slug": "smart-dubai-government-strategy",
            "title": {"en": "Strategy of Smart Dubai Government", "ar": "استراتيجية حكومة دبي الذكية"},
            "pillars": [
                {"slug": "connected-services", "name": {"en": "Connected services", "ar": "الخدمات المترابطة"}},
                {"slug": "enabled-services", "name": {"en": "Enabled services", "ar": "الخدمات الممكنة"}},
            ],
            "citations": _cited("L9"),
        },
    ),
    "pillars": (
        {
            "slug": "shared-services",
            "strategy": "smart-dubai-government-strategy",
            "position": 3,
            "name": {"en": "Shared services", "ar": "الخدمات المشتركة"},
            "citations": _cited("L9", "name", "position"),
        },
    ),
    "goals": (
        {
            "slug": "unify-smart-transformation",
            "title": {
                "en": "Unify smart transformation and make it available in all of Dubai",
                "ar": "توحيد التحول الذكي وإتاحته في دبي كلها",
            },
            "stated_by": ["aisha-bin-bishr"],
            "citations": _cited("L5"),
        },
    ),
    "platforms": (
        {
            "slug": "smart-dubai-government-platform",
            "name": {"en": "Smart Dubai Government platform", "ar": "منصة حكومة دبي الذكية"},
            "capabilities": [
                {
                    "text": {
                        "en": "Participating entities place their smart services on the platform themselves.",
                        "ar": "تضع الجهات المشاركة خدماتها الذكية على المنصة بنفسها.",
                    },
                    "status": "promised",
                },
            ],
            "citations": _cited("L10"),
        },
    ),
    "smart-services": (
        {
            "slug": "dubainow",
            "name": {"en": "DubaiNow", "ar": "دبي الآن"},
            "provider": OFFICE,
            "pillar": "shared-services",
            "audience": "individuals",
            "channels": ["mobile"],
            "state": "published",
            "releases": [],
        },
    ),
    "initiatives": (
        {
            "slug": "smart-transformation",
            "title": {"en": "Smart Transformation Initiative", "ar": "مبادرة التحول الذكي"},
            "kind": "initiative",
            "goals": ["unify-smart-transformation"],
            "lead": OFFICE,
            "state": "published",
            "involvements": [
                {
                    "organization": MUNICIPALITY,
                    "role": "founding_strategic_partner",
                    "citations": _cited("L1", "organization", "role"),
                },
            ],
            "citations": _cited("L5", "lead"),
        },
    ),
    "milestones": (
        {
            "slug": "dubai-pulse-launch",
            "initiative": "smart-transformation",
            "title": {"en": "Launch of Dubai Pulse", "ar": "إطلاق دبي بالس"},
            "completed_on": "2017-04-16",
            "weight": "1.00",
            "projected_on": "2017-04-16",
        },
    ),
    "roadmaps": (
        {
            "slug": "strategic-partner-roadmap",
            "title": {"en": "Strategic partner roadmap", "ar": "خارطة طريق الشركاء الاستراتيجيين"},
            "owner": OFFICE,
            "audience": {"en": "Strategic partners", "ar": "الشركاء الاستراتيجيون"},
            "items": [{"milestone": "dubai-pulse-launch"}],
            "citations": _cited("L2"),
        },
    ),
    "indicators": (
        {
            "slug": "dubainow-services",
            "title": {"en": "Services in DubaiNow", "ar": "الخدمات في تطبيق دبي الآن"},
            "unit": {"en": "services", "ar": "خدمة"},
            "meaning": "point",
            "direction": "increase",
            "smart_service": "dubainow",
            "targets": [],
        },
    ),
    "observations": (
        {
            "slug": "dubainow-services-2019-10-31",
            "indicator": "dubainow-services",
            "on": "2019-10-31",
            "stated_value": "88.000000",
            "value": "88.000000",
            "date_note": {"en": "October 2019", "ar": "أكتوبر 2019"},
        },
    ),
    "partnerships": (
        {
            "slug": "dubai-municipality-smart-dubai-office",
            "organization": MUNICIPALITY,
            "with_organization": OFFICE,
            "tier": "founding_strategic",
            "citations": _cited("L1", "organization", "tier"),
        },
    ),
    "datasets": (
        {
            "slug": "data-progress-report",
            "title": {"en": "Data progress report", "ar": "تقرير تقدم البيانات"},
            "publisher": DATA_ESTABLISHMENT,
            "classification": "open",
            "keywords": {"en": ["open data"], "ar": ["بيانات مفتوحة"]},
            "state": "published",
            "distributions": [{"format": "CSV", "media_type": "text/csv"}],
        },
    ),
    "agreements": (
        {
            "slug": "data-progress-report-dubai-municipality",
            "dataset": "data-progress-report",
            "provider": DATA_ESTABLISHMENT,
            "recipient": MUNICIPALITY,
            "purpose": {"en": "Compare progress between entities", "ar": "مقارنة التقدم بين الجهات"},
            "status": "approved",
            "in_force": True,
        },
    ),
    "engagements": (
        {
            "slug": "visit-of-smart-dubai-office-to-dubai-municipality",
            "kind": "visit",
            "title": {
                "en": "Visit of the Smart Dubai Office's delegation to Dubai Municipality",
                "ar": "زيارة وفد مكتب دبي الذكية إلى بلدية دبي",
            },
            "host": MUNICIPALITY,
            "visitor": OFFICE,
            "date_note": {"en": "“Today” in the article", "ar": "«اليوم» في المقال"},
            "participations": [
                {"person": "aisha-bin-bishr", "on_behalf_of": OFFICE, "role": "head_of_delegation"},
                {"group": {"en": "Section heads", "ar": "رؤساء الشعب"}, "role": "received_by"},
            ],
            "agenda": [
                {
                    "presenter": "aisha-bin-bishr",
                    "subject": {"en": "Purpose of the visit", "ar": "الغرض من الزيارة"},
                    "refers_to": "roadmaps/strategic-partner-roadmap",
                },
            ],
            "citations": _cited("L1"),
        },
    ),
    "statements": (
        {
            "slug": "bin-bishr-on-unifying-smart-transformation",
            "engagement": "visit-of-smart-dubai-office-to-dubai-municipality",
            "position": 1,
            "speaker": "aisha-bin-bishr",
            "mode": "quote",
            "gist": {
                "en": "The goal is smart transformation for all of Dubai.",
                "ar": "الهدف تحول ذكي لدبي كلها.",
            },
            "about": "goals/unify-smart-transformation",
            "citations": _cited("L5"),
        },
    ),
    "citations": (
        {
            "slug": "smart-dubai-office-smart-dubai-visit-article-l5",
            "record": "organizations/smart-dubai-office",
            "source": ARTICLE,
            "locator": "L5",
            "fields": ["role"],
            "stance": "supports",
        },
    ),
}
