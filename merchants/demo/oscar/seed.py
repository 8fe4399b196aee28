"""What the shop sells, and how it ships: a mug, a T-shirt in colours and sizes, a lamp that is sold out.

Knows oscar's models, which exist only once Django is set up: import this after `django.setup()`.
"""

import io
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sites.models import Site
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import transaction
from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.apps.shipping.methods import FixedPrice
from oscar.apps.shipping.repository import Repository
from oscar.core.loading import get_model

from merchants.demo.oscar.settings import CURRENCY, HOST_NAME

Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
ProductAttribute = get_model("catalogue", "ProductAttribute")
Partner = get_model("partner", "Partner")
StockRecord = get_model("partner", "StockRecord")

SHIPPING = (
    ("standard", "Standard", "3 to 5 working days", Decimal("4.95")),
    ("express", "Express", "the next working day", Decimal("14.50")),
)
COLOURS = ("Black", "Blue")
SIZES = ("S", "M", "L")
# Oscar lists only the variants that can be bought, so this one is missing among them.
SOLD_OUT_VARIANT = ("Black", "L")
PLENTY = 100_000


def ship() -> None:
    """Set the shop's ways to ship; they live in the process, not in the database."""
    Repository.methods = tuple(_method(*one) for one in SHIPPING)


def _method(code: str, name: str, description: str, price: Decimal) -> Any:
    method = FixedPrice(charge_excl_tax=price, charge_incl_tax=price)
    method.code, method.name, method.description = code, name, description
    return method


def seed() -> None:
    """Make the tables and fill them, unless a former process did."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    with transaction.atomic():
        if Product.objects.exists():
            return
        Site.objects.update_or_create(pk=settings.SITE_ID, defaults={"domain": HOST_NAME, "name": HOST_NAME})
        call_command("oscar_populate_countries", "--initial-only", stdout=io.StringIO())
        _stock(_simple("mug", "Enamel mug", "A mug that outlives its owner."), "18.50", PLENTY)
        _stock(_simple("lamp", "Desk lamp", "Everybody wants it; it is gone."), "79.00", 0)
        _shirts()
    missing = Path(settings.MEDIA_ROOT) / settings.OSCAR_MISSING_IMAGE_URL
    missing.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(finders.find("oscar/img/image_not_found.jpg"), missing)


def products() -> dict[str, str]:
    """What to buy by what it shows, as paths: `simple`, `variants`, `sold_out`."""
    upcs = {"simple": "mug", "variants": "shirt", "sold_out": "lamp"}
    return {name: Product.objects.get(upc=upc).get_absolute_url() for name, upc in upcs.items()}


def _simple(upc: str, title: str, description: str, class_name: str = "Household", **more: str) -> Any:
    kind, _ = ProductClass.objects.get_or_create(name=class_name, defaults={"track_stock": True})
    product = Product.objects.create(upc=upc, title=title, description=description, product_class=kind, **more)
    product.categories.add(create_from_breadcrumbs(class_name))
    return product


def _shirts() -> None:
    parent = _simple("shirt", "Cotton T-shirt", "Organic cotton.", class_name="Clothes", structure=Product.PARENT)
    for code in ("colour", "size"):
        ProductAttribute.objects.create(
            product_class=parent.product_class, code=code, name=code.title(), type=ProductAttribute.TEXT
        )
    for colour in COLOURS:
        for size in SIZES:
            child = Product(
                upc=f"shirt-{colour}-{size}".lower(),
                title=f"{parent.title}, {colour}, {size}",
                parent=parent,
                structure=Product.CHILD,
            )
            child.attr.colour, child.attr.size = colour, size
            child.save()
            _stock(child, "24.00", 0 if (colour, size) == SOLD_OUT_VARIANT else PLENTY)


def _stock(product: Any, price: str, count: int) -> None:
    partner, _ = Partner.objects.get_or_create(name="Warehouse")
    StockRecord.objects.create(
        product=product,
        partner=partner,
        partner_sku=product.upc,
        price=Decimal(price),
        price_currency=CURRENCY,
        num_in_stock=count,
    )
