"""Both examples of the official client's source distribution, where it has been downloaded: CI does, by pip."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.standing import LAMP, Standing

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "var" / "official-examples" / "checkout_intents-0.28.0" / "examples"


@pytest.mark.skipif(
    not EXAMPLES.is_dir() and "CI" not in os.environ,
    reason="the source distribution is not downloaded; tools/official_examples.py does it, and so does CI",
)
def test_both_examples_run_with_only_their_product_changed(stand: Standing) -> None:
    """Unmodified but for `product_url`; the base URL and the key come from the environment."""
    ended = subprocess.run(
        [sys.executable, "tools/official_examples.py", "--product-url", LAMP],
        cwd=ROOT,
        env={**os.environ, "CHECKOUT_INTENTS_BASE_URL": stand.url, "CHECKOUT_INTENTS_API_KEY": stand.key("examples")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    assert "Both examples run." in ended.stdout
