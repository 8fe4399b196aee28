"""Which of a field's options is meant by a value, and whether a field shows what was meant. Pure.

Shops write countries, regions and months in many ways: by code, in English, in their own language, with more words
around. Knows such ways; must never guess between two options that fit equally.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

# Regions by the codes that shops and buyers use; elsewhere a region is found by the words the buyer gave.
_US: Final = (
    "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,"
    "DC District of Columbia,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,"
    "KY Kentucky,LA Louisiana,ME Maine,MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,"
    "MO Missouri,MT Montana,NE Nebraska,NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,"
    "NC North Carolina,ND North Dakota,OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,PR Puerto Rico,RI Rhode Island,"
    "SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,UT Utah,VT Vermont,VA Virginia,WA Washington,"
    "WV West Virginia,WI Wisconsin,WY Wyoming"
)
_CA: Final = (
    "AB Alberta,BC British Columbia,MB Manitoba,NB New Brunswick,NL Newfoundland and Labrador,NS Nova Scotia,"
    "NT Northwest Territories,NU Nunavut,ON Ontario,PE Prince Edward Island,QC Quebec,SK Saskatchewan,YT Yukon"
)
_AU: Final = (
    "ACT Australian Capital Territory,NSW New South Wales,NT Northern Territory,QLD Queensland,SA South Australia,"
    "TAS Tasmania,VIC Victoria,WA Western Australia"
)
_REGIONS: Final = {
    country: [tuple(entry.split(" ", 1)) for entry in listed.split(",")]
    for country, listed in (("US", _US), ("CA", _CA), ("AU", _AU))
}
# What shops call countries beside their names.
_ALSO: Final = {
    "US": ("USA", "United States of America", "U.S.A."),
    "GB": ("UK", "Great Britain", "United Kingdom of Great Britain and Northern Ireland"),
    "NL": ("Holland", "The Netherlands"),
    "CZ": ("Czech Republic",),
    "KR": ("South Korea", "Korea, Republic of"),
    "AE": ("UAE",),
}
# A phone or card number is known by as many of its last digits.
_TELLING_DIGITS: Final = 4
_CODE: Final = 3


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a list, as the page has it."""

    text: str
    value: str = ""
    disabled: bool = False


def meanings(slot: str | None, value: str, *, country: str = "", language: str = "") -> list[str]:
    """Every way a field may write this value, the plainest first."""
    ways = [value]
    if slot == "buyer.country":
        names = _country(value.upper(), language)
        ways += [*names, *(f"{name} {value}" for name in names)]
    elif slot == "buyer.province":
        for code, name in _regions(country):
            ways += [code, name, f"{name} {code}"] if _same(value, code, name) else []
    elif slot == "card.exp_month":
        months = Locale("en").months["format"]
        ways += [str(int(value)), months["wide"][int(value)], months["abbreviated"][int(value)]]
    elif slot == "card.exp_year":
        ways.append(value[-2:])
    return list(dict.fromkeys(way for way in ways if way))


def chosen(options: Sequence[Option], ways: Sequence[str]) -> int | None:
    """The index of the one option that is meant; None where none is, or more than one."""
    there = [(index, option) for index, option in enumerate(options) if not option.disabled]
    wanted = [plain(way) for way in ways]
    # Beside names a code stands alone: `us` begins "US Minor Outlying Islands" too.
    names = [want for want in wanted if len(want) > _CODE or len(wanted) == 1 or want.isdigit()]
    for fits, those in ((_is, wanted), (_is_value, wanted), (_begins, names), (_holds, names)):
        for want in those:
            found = [index for index, option in there if fits(option, want)]
            texts = {(plain(options[index].text), options[index].value) for index in found}
            if len(texts) == 1:
                return found[0]
    return None


def shows(shown: str, meant: str) -> bool:
    """Whether what a field shows is what was typed, however it writes it: spaces, dashes, masks, no country code."""
    seen, wanted = _letters(shown), _letters(meant)
    if seen == wanted:
        return True
    if not wanted.isdigit():
        return False
    digits = "".join(letter for letter in seen if letter.isdigit())
    if digits and len(digits) < len(seen):
        return False
    masked = len(digits) == _TELLING_DIGITS < len(wanted) and bool(re.search(r"[•*●xX]", shown))
    phone = len(digits) > len(wanted) / 2 and meant.strip().startswith("+")
    return (masked or phone) and wanted.endswith(digits)


def plain(text: str) -> str:
    """Folded for comparing: no case, accents or punctuation."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w]+", " ", kept).split())


def _country(code: str, language: str) -> list[str]:
    ways: list[str] = []
    for tongue in ("en", language.replace("_", "-").split("-")[0].lower(), *get_official_languages(code)):
        try:
            ways.append(Locale.parse(tongue).territories.get(code, ""))
        except (UnknownLocaleError, ValueError):
            continue
    return [*(way for way in dict.fromkeys(ways) if way), *_ALSO.get(code, ())]


def _regions(country: str) -> list[tuple[str, str]]:
    return [(code, name) for code, name in _REGIONS.get(country.upper(), [])]


def _same(value: str, *names: str) -> bool:
    return plain(value) in [plain(name) for name in names]


def _is(option: Option, want: str) -> bool:
    return plain(option.text) == want


def _is_value(option: Option, want: str) -> bool:
    return plain(option.value) == want or (len(want) > 1 and plain(option.value).endswith(f" {want}"))


def _begins(option: Option, want: str) -> bool:
    """`S` begins "S (sold out)", `12` begins "12 - December"."""
    return plain(option.text).startswith(f"{want} ")


def _holds(option: Option, want: str) -> bool:
    return f" {want} " in f" {plain(option.text)} "


def _letters(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())
