"""Register this checkout in an environment as a distribution: metadata, entry points, the `checkout` command.

It does what an editable install does, without a build back end, so that setting up needs nothing but the lock.
"""

import sys
import tomllib
from pathlib import Path


def register(site: Path) -> None:
    """Write the `.dist-info` folder and the console script of this checkout into `site`."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    info = site / f"agentic_checkout-{project['version']}.dist-info"
    for stale in site.glob("agentic_checkout-*.dist-info"):
        for file in stale.iterdir():
            file.unlink()
        stale.rmdir()
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n"
        + "".join(f"Requires-Dist: {requirement}\n" for requirement in project["dependencies"])
    )
    (info / "INSTALLER").write_text("tools/register.py\n")
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    (info / "entry_points.txt").write_text(
        "\n".join(
            f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
            for group, entries in groups.items()
        )
    )
    (info / "top_level.txt").write_text("checkout\nagents\nmerchants\npayments\n")
    (info / "RECORD").write_text("")
    for name, target in project["scripts"].items():
        module, _, function = target.partition(":")
        script = Path(sys.executable).parent / name
        script.write_text(f"#!{sys.executable}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n")
        script.chmod(0o755)


if __name__ == "__main__":
    register(Path(sys.argv[1]))
