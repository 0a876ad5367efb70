"""Client libraries resolved by their own package clients, below build/interop.

Each function returns when its packages are there and does nothing the next time: a stamp holds the
digest of the pinned versions. A download that fails raises Unavailable; the suite is then skipped.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

import paths


class Unavailable(Exception):
    """The tool or the packages cannot be had here."""


def enter_python(suite):
    """Runs the calling suite again with the interpreter that has the Python clients, or skips it."""
    try:
        python = python_interpreter()
    except Unavailable as reason:
        print(f"SKIP {suite}/all: {reason}")
        sys.exit(0)
    if pathlib.Path(sys.prefix).resolve() != python.parent.parent.resolve():
        os.execv(python, [str(python), *sys.argv])


def python_interpreter():
    """The interpreter of a virtual environment with everything in requirements.txt."""
    home = paths.WORK / "venv"
    wanted = paths.INTEROP / "requirements.txt"

    def install():
        shutil.rmtree(home, ignore_errors=True)
        base = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
        call([base, "-m", "venv", home])
        call([home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted])

    once("venv", [wanted], install)
    return home / "bin" / "python"


def node_modules(project):
    """Installs the packages of tests/interop/<project>/package.json; returns their folder."""
    need_tool("node")
    need_tool("npm")
    source = paths.INTEROP / project
    home = paths.WORK / "node" / project
    wanted = [source / "package.json", source / "package-lock.json"]

    def install():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for file in wanted:
            shutil.copy(file, home)
        call(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=home)

    once(f"node-{project}", wanted, install)
    return home / "node_modules"


def go_module(project, module):
    """Copies the source of `module`, at the version that tests/interop/<project>/go.mod pins, to a
    folder where its own tests can be built; returns that folder."""
    go = go_tool()
    source = paths.INTEROP / project
    home = paths.WORK / "go" / project
    wanted = [source / "go.mod", source / "go.sum"]

    def install():
        shutil.rmtree(home, ignore_errors=True)
        (home / "pins").mkdir(parents=True)
        for file in wanted:
            shutil.copy(file, home / "pins")
        call([go, "mod", "download"], cwd=home / "pins", env=go_environment())
        listed = call([go, "list", "-m", "-f", "{{.Dir}}", module], cwd=home / "pins",
                      env=go_environment())
        shutil.copytree(listed.strip(), home / "source", copy_function=shutil.copyfile)
        for folder, _, _ in os.walk(home / "source"):
            os.chmod(folder, 0o755)

    once(f"go-{project}", wanted, install)
    return home / "source"


def go_tool():
    """Debian's go where it is installed, whatever else is in PATH."""
    debian = "/usr/lib/go/bin/go"
    if os.path.exists(debian):
        return debian
    need_tool("go")
    return "go"


def go_environment():
    """Keeps what go downloads and builds below build/interop; the modules stay writable."""
    cache = paths.WORK / "go" / "cache"
    return {**os.environ, "GOCACHE": str(cache / "build"), "GOMODCACHE": str(cache / "modules"),
            "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local"}


def need_tool(name):
    if not shutil.which(name):
        raise Unavailable(f"{name} is not installed")


def call(argv, cwd=None, env=None):
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env=env, text=True, timeout=600,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise Unavailable(f"{pathlib.Path(str(argv[0])).name} failed: {reason[-1][:200]}")
    return done.stdout


def once(name, inputs, install):
    """Runs install() unless it has succeeded for just these inputs; one process at a time."""
    paths.WORK.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(b"".join(pathlib.Path(i).read_bytes() for i in inputs)).hexdigest()
    stamp = paths.WORK / f"{name}.stamp"
    with open(paths.WORK / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == digest:
            return
        stamp.unlink(missing_ok=True)
        install()
        stamp.write_text(digest)
