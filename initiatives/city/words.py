"""The words that a synthetic city is made of, in English and in Arabic. No city has these names."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """The same words in both languages."""

    en: str
    ar: str

    def titled(self) -> Text:
        """With a capital at the beginning, where the script has one."""
        return Text(self.en[:1].upper() + self.en[1:], self.ar)


def phrase(en: str, ar: str, **parts: Text) -> Text:
    """A text from a pattern in each language, the parts put in."""
    return Text(
        en.format(**{name: part.en for name, part in parts.items()}),
        ar.format(**{name: part.ar for name, part in parts.items()}),
    )


def texts(*pairs: str) -> tuple[Text, ...]:
    """Texts written as “English | Arabic”."""
    return tuple(Text(*(part.strip() for part in pair.split("|"))) for pair in pairs)


CITIES = texts(
    "Waha City | مدينة الواحة",
    "Fajr City | مدينة الفجر",
    "Rabia City | مدينة الرابية",
    "Nakheel Bay | خليج النخيل",
    "Sidra City | مدينة السدرة",
    "Marjan City | مدينة المرجان",
    "Ghadeer City | مدينة الغدير",
    "Yasmin City | مدينة الياسمين",
)

NAMES = texts(
    "Al Noor | النور",
    "Al Rayyan | الريان",
    "Al Bustan | البستان",
    "Al Manara | المنارة",
    "Al Zahra | الزهراء",
    "Al Salam | السلام",
    "Al Amal | الأمل",
    "Al Rawda | الروضة",
    "Al Nahda | النهضة",
    "Al Sahel | الساحل",
    "Al Qamar | القمر",
    "Al Shorooq | الشروق",
    "Al Wadi | الوادي",
    "Al Lulu | اللؤلؤ",
    "Al Murooj | المروج",
    "Al Andalib | العندليب",
    "Al Firdaws | الفردوس",
    "Al Hikma | الحكمة",
    "Al Mina | الميناء",
    "Al Safa | الصفا",
    "Al Taawun | التعاون",
    "Al Yamama | اليمامة",
    "Al Narjis | النرجس",
    "Al Khuzama | الخزامى",
)
DIRECTIONS = texts("North | الشمالية", "South | الجنوبية", "East | الشرقية", "West | الغربية", "Upper | العليا")
PLACES = texts(
    "{name} District | حي {name}",
    "{name} Island | جزيرة {name}",
    "{name} Square | ميدان {name}",
    "{name} Market | سوق {name}",
    "{name} Park | حديقة {name}",
)

# Each sector with what its initiatives are about; all definite in Arabic, so that they follow any verbal noun.
SECTORS: dict[Text, tuple[Text, ...]] = dict(
    zip(
        texts(
            "mobility | التنقل",
            "energy | الطاقة",
            "water | المياه",
            "health | الصحة",
            "learning | التعلّم",
            "safety | السلامة",
            "environment | البيئة",
            "business | الأعمال",
            "culture | الثقافة",
            "government services | الخدمات الحكومية",
        ),
        (
            texts(
                "smart parking | المواقف الذكية",
                "buses on demand | الحافلات عند الطلب",
                "adaptive traffic signals | الإشارات المرورية التكيفية",
                "shared bicycles | الدراجات المشتركة",
                "electric ferries | العبّارات الكهربائية",
            ),
            texts(
                "rooftop solar panels | الألواح الشمسية فوق الأسطح",
                "smart meters | العدادات الذكية",
                "charging stations | محطات الشحن",
                "street lighting | إنارة الشوارع",
                "district cooling | تبريد المناطق",
            ),
            texts(
                "leak detection | كشف التسربات",
                "water reuse | إعادة استخدام المياه",
                "smart irrigation | الري الذكي",
                "storm drains | مصارف مياه الأمطار",
                "drinking fountains | نوافير الشرب",
            ),
            texts(
                "remote consultations | الاستشارات عن بُعد",
                "digital prescriptions | الوصفات الرقمية",
                "home care | الرعاية المنزلية",
                "ambulance dispatch | توجيه سيارات الإسعاف",
                "school clinics | العيادات المدرسية",
            ),
            texts(
                "connected classrooms | الصفوف المتصلة",
                "digital libraries | المكتبات الرقمية",
                "coding clubs | أندية البرمجة",
                "teacher training | تدريب المعلمين",
                "career guidance | الإرشاد المهني",
            ),
            texts(
                "flood warnings | الإنذار من الفيضانات",
                "emergency calls | نداءات الطوارئ",
                "safe crossings | المعابر الآمنة",
                "fire detection | كشف الحرائق",
                "beach rescue | الإنقاذ على الشواطئ",
            ),
            texts(
                "air quality sensors | مجسات جودة الهواء",
                "waste sorting | فرز النفايات",
                "mangrove planting | زراعة أشجار القرم",
                "noise mapping | خرائط الضوضاء",
                "composting | إنتاج السماد",
            ),
            texts(
                "instant licences | الرخص الفورية",
                "a single invoice | الفاتورة الموحدة",
                "shared workspaces | مساحات العمل المشتركة",
                "market permits | تصاريح الأسواق",
                "export advice | مشورة التصدير",
            ),
            texts(
                "museum guides | أدلة المتاحف",
                "festival tickets | تذاكر المهرجانات",
                "heritage archives | أرشيف التراث",
                "public art | الفن العام",
                "community theatres | مسارح الأحياء",
            ),
            texts(
                "digital identity | الهوية الرقمية",
                "paperless permits | التصاريح بلا ورق",
                "appointment booking | حجز المواعيد",
                "open data | البيانات المفتوحة",
                "customer feedback | آراء المتعاملين",
            ),
        ),
        strict=True,
    )
)
ACTIONS = texts(
    "expanding | توسيع",
    "renewing | تجديد",
    "connecting | ربط",
    "piloting | تجربة",
    "opening up | إتاحة",
    "improving | تحسين",
    "automating | أتمتة",
    "measuring | قياس",
)
PURPOSES = texts(
    "to shorten waiting times | لتقليص أوقات الانتظار",
    "to save energy | لتوفير الطاقة",
    "to reach every household | للوصول إلى كل أسرة",
    "to lower emissions | لخفض الانبعاثات",
    "to make services simpler | لتبسيط الخدمات",
    "to save public money | لتوفير المال العام",
    "to serve people of determination | لخدمة أصحاب الهمم",
    "to prepare for growth | للاستعداد للنمو",
)
MILESTONES = texts(
    "Plan approved | اعتماد الخطة",
    "Contract signed | توقيع العقد",
    "Pilot running | تشغيل المرحلة التجريبية",
    "First users served | خدمة أوائل المستخدمين",
    "Half of the area covered | تغطية نصف المنطقة",
    "Staff trained | تدريب الموظفين",
    "Open to everybody | الإتاحة للجميع",
    "Results published | نشر النتائج",
)
REPORTS = texts(
    "Work goes on as planned. | يسير العمل وفق الخطة.",
    "The next stage has begun. | بدأت المرحلة التالية.",
    "The supplier delivered late; the plan is being adjusted. | تأخر المورّد في التسليم، ويجري تعديل الخطة.",
    "First results are better than expected. | النتائج الأولى أفضل من المتوقع.",
    "A permit is still missing. | ما زال أحد التصاريح ناقصاً.",
    "Users asked for changes, which are under way. | طلب المستخدمون تعديلات يجري تنفيذها.",
)

FIRST_NAMES = texts(
    "Maryam | مريم",
    "Khalid | خالد",
    "Layla | ليلى",
    "Omar | عمر",
    "Huda | هدى",
    "Yousef | يوسف",
    "Salma | سلمى",
    "Tariq | طارق",
    "Noura | نورة",
    "Hassan | حسن",
    "Amina | أمينة",
    "Faisal | فيصل",
    "Rania | رانيا",
    "Samir | سمير",
    "Dalal | دلال",
    "Majid | ماجد",
)
FAMILY_NAMES = texts(
    "Al Najjar | النجار",
    "Al Haddad | الحداد",
    "Al Khatib | الخطيب",
    "Al Sayegh | الصايغ",
    "Al Attar | العطار",
    "Al Bahri | البحري",
    "Al Fallah | الفلاح",
    "Al Kateb | الكاتب",
    "Al Muallim | المعلم",
    "Al Rassam | الرسام",
    "Al Sabbagh | الصباغ",
    "Al Tajir | التاجر",
)
POSTS = texts(
    "Director General | المدير العام",
    "Head of Projects | رئيس قسم المشاريع",
    "Head of Data | رئيس قسم البيانات",
    "Programme Manager | مدير البرنامج",
    "Chief Digital Officer | المسؤول الرقمي الأول",
)
COMPANIES = texts(
    "{name} Systems | {name} للأنظمة",
    "{name} Engineering | {name} للهندسة",
    "{name} Technologies | {name} للتقنيات",
    "{name} Consulting | {name} للاستشارات",
)
