"""The shop's own order tables, read from outside: what was really bought, whatever a page said.

Knows oscar's table and column names; must never import Django, nor write.
"""

import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

ORDERS = """
SELECT o.id, o.number, o.guest_email AS email, o.currency, o.status, o.shipping_method AS shipping,
       o.total_incl_tax AS total, o.shipping_incl_tax AS shipping_total,
       a.first_name, a.last_name, a.line1, a.line2, a.line4 AS city, a.state, a.postcode, a.country_id AS country,
       a.phone_number AS phone
FROM order_order o JOIN order_shippingaddress a ON a.id = o.shipping_address_id ORDER BY o.id
"""
LINES = """
SELECT l.product_id, COALESCE(parent.upc, product.upc) AS product, l.title, l.upc, l.quantity,
       l.line_price_incl_tax AS total
FROM order_line l JOIN catalogue_product product ON product.id = l.product_id
LEFT JOIN catalogue_product parent ON parent.id = product.parent_id
WHERE l.order_id = ? ORDER BY l.id
"""
VARIANT = """
SELECT a.name, v.value_text FROM catalogue_productattributevalue v
JOIN catalogue_productattribute a ON a.id = v.attribute_id WHERE v.product_id = ? ORDER BY a.id
"""
ADDRESS = ("first_name", "last_name", "line1", "line2", "city", "state", "postcode", "country", "phone")


def orders(database: Path) -> list[dict[str, Any]]:
    """Every order, oldest first: number, buyer, shipping, address, lines with variants; amounts in minor units."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return [_order(connection, row) for row in connection.execute(ORDERS)]
    finally:
        connection.close()


def _order(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "order_id": row["number"],
        "email": row["email"],
        "currency": row["currency"],
        "status": row["status"],
        "shipping": row["shipping"],
        "shipping_minor": _minor(row["shipping_total"]),
        "total_minor": _minor(row["total"]),
        "address": {name: row[name] for name in ADDRESS},
        "lines": [
            {
                "product": line["product"],
                "title": line["title"],
                "upc": line["upc"],
                "quantity": line["quantity"],
                "variant": dict(tuple(pair) for pair in connection.execute(VARIANT, (line["product_id"],))),
                "total_minor": _minor(line["total"]),
            }
            for line in connection.execute(LINES, (row["id"],))
        ],
    }


def _minor(amount: object) -> int:
    """Django keeps decimals in SQLite as numbers; the shop's one currency has two places."""
    return int((Decimal(str(amount)) * 100).to_integral_value())
