"""Run a program as a container would be run, as far as Linux does it without an engine: `python box.py SPEC PROGRAM …`.

Its own view of the files (the machine's, read-only, with the named places to write), a user without capabilities that
can gain none, and a seccomp profile as engines read them. Started by root in fresh namespaces, or in those of a box
that stands (`fresh`: false); replaced by the program. Knows Linux; must never know which program it is.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
# libseccomp's own numbers.
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EQUAL = 4
UNKNOWN_SYSCALL = -1


class _Argument(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("more", ctypes.c_uint64),
    )


def main(spec: dict[str, Any], program: list[str]) -> None:
    """Build the box, step in, become the program."""
    libc = ctypes.CDLL(None, use_errno=True)
    if spec["fresh"]:
        _files(spec)
    os.chdir("/opt/checkout")
    for capability in range(_last_capability() + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setgid(spec["gid"])
    os.setuid(spec["uid"])
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if spec["seccomp"]:
        _filter(json.loads(spec["seccomp"]))
    os.execvpe(program[0], program, spec["environment"])  # noqa: S606 (that is what this is for)


def _files(spec: dict[str, Any]) -> None:
    """The machine's files under a layer of our own, read-only, with what the service may write mounted over it."""
    layers = Path(tempfile.mkdtemp())
    _mount("-t", "tmpfs", "layers", str(layers))
    root, upper, work = (layers / name for name in ("root", "upper", "work"))
    for folder in (root, upper, work):
        folder.mkdir()
    _mount("-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={upper},workdir={work}", str(root))
    _inside(root, "/opt/checkout").mkdir(parents=True, exist_ok=True)
    for folder in Path(sys.base_prefix).parents:
        inside = _inside(root, str(folder))
        inside.chmod(inside.stat().st_mode | 0o011)  # an interpreter in somebody's home, in this layer only
    for name, text in spec["files"].items():
        _inside(root, name).write_text(text)
    for where, _ in spec["tmpfs"]:
        _inside(root, where).mkdir(parents=True, exist_ok=True)
    for where, bound, *_ in spec["binds"]:
        _place(_inside(root, where), Path(bound))
    _mount("-o", "remount,ro", str(root))
    for name in ("/dev", "/proc", "/sys"):
        _mount("--rbind", name, str(_inside(root, name)))
    for where, options in spec["tmpfs"]:
        _mount("-t", "tmpfs", "-o", options, "tmpfs", str(_inside(root, where)))
    for where, bound, *read_only in spec["binds"]:
        _place(_inside(root, where), Path(bound))  # once more, where a tmpfs hides what was made above
        _mount("--bind", bound, str(_inside(root, where)))
        if read_only:
            _mount("-o", "remount,bind,ro", str(_inside(root, where)))
    # A changed root would do for the files; but who is in one may make no user namespace, and Chromium needs one.
    os.chdir(root)
    subprocess.run(["/sbin/pivot_root", ".", "."], check=True)
    subprocess.run(["/bin/umount", "--lazy", "."], check=True)


def _place(place: Path, bound: Path) -> None:
    """A file or a folder to mount `bound` on."""
    if place.exists():
        return
    (place.parent if bound.is_file() else place).mkdir(parents=True, exist_ok=True)
    if bound.is_file():
        place.touch()


def _filter(profile: dict[str, Any]) -> None:
    """Load an engine's seccomp profile."""
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(ALLOW)))
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    for rule in profile["syscalls"]:
        assert rule["action"] == "SCMP_ACT_ERRNO"
        wanted = [_Argument(one["index"], EQUAL, one["value"], 0) for one in rule.get("args", ())]
        arguments = (_Argument * len(wanted))(*wanted)
        for name in rule["names"]:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number != UNKNOWN_SYSCALL:
                action = ctypes.c_uint32(ERRNO | rule["errnoRet"])
                library.seccomp_rule_add_array(context, action, number, len(wanted), arguments)
    loaded = library.seccomp_load(context)
    assert loaded == 0, os.strerror(-loaded)


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _last_capability() -> int:
    return int(Path("/proc/sys/kernel/cap_last_cap").read_text())


def _mount(*arguments: str) -> None:
    subprocess.run(["/bin/mount", *arguments], check=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
