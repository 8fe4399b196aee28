"""Run both examples of the official client's source distribution against a service, with only `product_url` changed.

    python tools/official_examples.py --base-url http://127.0.0.1:8000 --api-key ck_… --product-url URL

The source distribution is downloaded by pip into var/official-examples, once. Exit 0 only if both examples end as their
authors mean them to: an order placed, and no error but the poll timeout the second one provokes.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "0.28.0"
# The address the examples were published with; nothing else in them is touched.
THEIR_PRODUCT = "https://flybyjing.com/collections/shop/products/sichuan-chili-crisp"
COMPLETE, ERRORS = "complete-checkout-intent.py", "error-handling.py"
# The examples poll every five seconds unless the service says otherwise, ten minutes at most.
TIMEOUT_SECONDS = 120


def main() -> int:
    """Download, change the product, run, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", default=os.environ.get("CHECKOUT_INTENTS_BASE_URL"))
    parser.add_argument("--api-key", default=os.environ.get("CHECKOUT_INTENTS_API_KEY"))
    parser.add_argument("--product-url", required=True)
    parser.add_argument("--folder", type=Path, default=Path("var/official-examples"))
    asked = parser.parse_args()
    if not asked.base_url or not asked.api_key:
        parser.error("say where the service is and with which key: --base-url, --api-key")
    examples = fetched(asked.folder)
    environment = {
        **os.environ,
        "CHECKOUT_INTENTS_BASE_URL": asked.base_url,
        "CHECKOUT_INTENTS_API_KEY": asked.api_key,
        "PYTHONIOENCODING": "utf-8",
    }
    complete = run(examples / COMPLETE, asked.product_url, environment)
    errors = run(examples / ERRORS, asked.product_url, environment)
    good = (
        "Final state: completed" in complete and "✗ Other error" not in errors and "Created checkout intent" in errors
    )
    print("Both examples run." if good else "An example did not end as its authors mean it to.")
    return 0 if good else 1


def fetched(folder: Path) -> Path:
    """The folder of the examples, downloaded and unpacked if it is not there yet."""
    examples = folder / f"checkout_intents-{VERSION}" / "examples"
    if not examples.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        pip = [_python_with_pip(), "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*pip, "--dest", str(folder), f"checkout-intents=={VERSION}"], check=True)
        shutil.unpack_archive(folder / f"checkout_intents-{VERSION}.tar.gz", folder)
    return examples


def _python_with_pip() -> str:
    """This environment's Python, or, where uv made it without pip, the one it was made from."""
    if importlib.util.find_spec("pip"):
        return sys.executable
    return str(Path(sys.base_prefix) / "bin" / "python3")


def run(example: Path, product_url: str, environment: dict[str, str]) -> str:
    """Run one example with another product; what it printed. Raises if it ends with an error."""
    text = example.read_text(encoding="utf-8")
    if THEIR_PRODUCT not in text:
        raise SystemExit(f"{example.name} no longer names {THEIR_PRODUCT}; look at what changed")
    changed = example.with_name(f"changed-{example.name}")
    changed.write_text(text.replace(THEIR_PRODUCT, product_url), encoding="utf-8")
    print(f"--- {example.name}")
    ended = subprocess.run(
        [sys.executable, str(changed)],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    print(ended.stdout + ended.stderr)
    if ended.returncode:
        raise SystemExit(f"{example.name} ended with {ended.returncode}")
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main())
