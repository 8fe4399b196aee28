"""Buying from any merchant that speaks the Universal Commerce Protocol.

`adapter` is the entry point the registry loads; `platform_profile` is the document merchants fetch to know us.
"""

from merchants.ucp.merchant import UcpMerchant, adapter
from merchants.ucp.profile import platform_profile

__all__ = ["UcpMerchant", "adapter", "platform_profile"]
