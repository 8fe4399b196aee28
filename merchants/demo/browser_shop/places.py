"""Where the shop ships: countries, regions, ways to ship and their prices, tax.

Tables and arithmetic in integer minor units; must never know a session or a page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from babel import Locale

# Codes in the locale data that are no country anybody ships to: groups, test codes, the unknown.
_NO_COUNTRY = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


@cache
def countries(language: str) -> Mapping[str, str]:
    """Code → name of every country, in the order of the names."""
    names = Locale(language).territories
    real = {code: name for code, name in names.items() if code.isalpha() and len(code) == 2 and code not in _NO_COUNTRY}  # noqa: PLR2004 (ISO 3166 alpha-2)
    return dict(sorted(real.items(), key=lambda item: item[1]))


_US = (
    "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,"
    "DC District of Columbia,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,"
    "KY Kentucky,LA Louisiana,ME Maine,MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,"
    "MO Missouri,MT Montana,NE Nebraska,NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,"
    "NC North Carolina,ND North Dakota,OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,"
    "SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,UT Utah,VT Vermont,VA Virginia,WA Washington,"
    "WV West Virginia,WI Wisconsin,WY Wyoming"
)
_CA = (
    "AB Alberta,BC British Columbia,MB Manitoba,NB New Brunswick,NL Newfoundland and Labrador,NS Nova Scotia,"
    "NT Northwest Territories,NU Nunavut,ON Ontario,PE Prince Edward Island,QC Quebec,SK Saskatchewan,YT Yukon"
)
_AU = (
    "ACT Australian Capital Territory,NSW New South Wales,NT Northern Territory,QLD Queensland,SA South Australia,"
    "TAS Tasmania,VIC Victoria,WA Western Australia"
)
# The countries that want a region in an address; elsewhere it is free text and may be empty.
REGIONS: Mapping[str, Mapping[str, str]] = {
    country: {entry.split(" ", 1)[0]: entry.split(" ", 1)[1] for entry in names.split(",")}
    for country, names in (("US", _US), ("CA", _CA), ("AU", _AU))
}

# Where a shop in Germany owes its own value added tax; to anywhere else it sells without.
_VAT_AREA = frozenset(["AT", "BE", "CZ", "DE", "DK", "ES", "FI", "FR", "IE", "IT", "LU", "NL", "PL", "PT", "SE"])
_EUROPE = _VAT_AREA | {"CH", "GB", "NO"}
# Nowhere to deliver to.
_UNREACHABLE = frozenset({"AQ", "BV", "HM"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A way to ship. `name` is a key of the design's words; price in minor units; days from and to."""

    rate_id: str
    amount_minor: int
    days: tuple[int, int]


def rates(country: str, *, single: bool = False) -> Sequence[Rate]:
    """The ways to ship there, in the order they are shown; none where nobody delivers."""
    if country in _UNREACHABLE:
        return ()
    if country == "US":
        offered = [("standard", 500, (3, 5)), ("express", 1_500, (1, 2)), ("economy", 300, (7, 10))]
    elif country in _EUROPE:
        offered = [("standard", 1_200, (5, 8)), ("express", 2_900, (2, 3))]
    elif country in ("CA", "MX"):
        offered = [("standard", 900, (4, 7)), ("express", 2_200, (2, 3))]
    else:
        offered = [("international", 2_500, (10, 20)), ("express", 4_500, (4, 6))]
    ways = [Rate(rate_id=name, amount_minor=amount, days=days) for name, amount, days in offered]
    return ways[:1] if single else ways


# Tax on goods, in hundred-thousandths of the price. Sales tax: the state's rate without counties' and cities'.
# Value added tax: the standard rate. Oregon and Delaware have none; the rest of the world pays its own at the border.
_RATES = {
    "US-CA": 7_250,
    "US-NY": 4_000,
    "US-TX": 6_250,
    "US-WA": 6_500,
    "US-OR": 0,
    "US-DE": 0,
    "CA-ON": 13_000,  # harmonised: federal and provincial in one
    "CA-QC": 14_975,
    "CA": 5_000,
    "GB": 20_000,
    "DE": 19_000,
    "FR": 20_000,
    "AU": 10_000,
}
# What an inclusive price holds wherever the buyer lives: the shop's own country is Germany then.
HOME_RATE = _RATES["DE"]
_WHOLE = 100_000


def tax_rate(country: str, region: str) -> int:
    """In hundred-thousandths of the goods' price."""
    return _RATES.get(f"{country}-{region}", _RATES.get(country, 0))


def tax_on(goods_minor: int, country: str, region: str) -> int:
    """What is added to goods worth `goods_minor` without tax; half a unit is rounded up."""
    return (goods_minor * tax_rate(country, region) + _WHOLE // 2) // _WHOLE


def owes_home_tax(country: str) -> bool:
    """Whether an inclusive price stays as it is for a buyer there."""
    return country in _VAT_AREA


def without_home_tax(gross_minor: int) -> int:
    """The net price behind a price that includes the home country's tax."""
    return (gross_minor * _WHOLE + (_WHOLE + HOME_RATE) // 2) // (_WHOLE + HOME_RATE)
