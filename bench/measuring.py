"""What the measuring scripts share: florin servers, the yardstick, figures and the pages they are written to."""
import datetime
import json
import os
import pathlib
import re
import shlex
import signal
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLORIN = ROOT / "build/release/bin/florin"
PAGE = ROOT / "docs/performance.md"


class Failed(Exception):
    pass


def run(arguments, **options):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stderr.strip()}")
    return done.stdout


class Yardstick:
    def __init__(self, folder, work):
        self.folder = work / "yardstick"
        (self.folder / "data").mkdir(parents=True)
        self.program = self.folder / "e2e"
        # A copy that prints more digits: at a few thousand transfers a second three of a million say nothing.
        source = self.folder / "e2e.cpp"
        source.write_text((pathlib.Path(folder) / "e2e.cpp").read_text().replace("%8.3f M transfers/s", "%.6f M transfers/s"))
        run(["g++", "-O3", "-march=native", "-std=c++20", "-w", f"-I{folder}", source, "-o", self.program,
             "-llmdb", "-lcrypto", "-lpthread"])

    def measure(self, arguments, seconds):
        text = run([self.program, *arguments.split(), f"secs={seconds}"], cwd=self.folder)
        found = re.search(r"([0-9.]+) M transfers/s p50 ([0-9.]+) ms p99 ([0-9.]+) ms", text)
        if not found:
            raise Failed(f"the yardstick printed no figure: {text}")
        if float(found[1]) == 0:
            raise Failed(f"the yardstick measured nothing: {text}")
        return {"rate": float(found[1]) * 1e6, "p50": float(found[2]), "p99": float(found[3])}


class Server:
    """A florin server on a folder of its own."""

    running = set()

    def __init__(self, folder, arguments=""):
        self.folder = folder
        begin = time.monotonic()
        errors = pathlib.Path(f"{folder}.err")
        self.process = subprocess.Popen([str(FLORIN), "serve", "--data", str(folder), "--listen", "127.0.0.1:0", *arguments.split()],
                                        stdout=subprocess.PIPE, stderr=errors.open("w"), text=True)
        Server.running.add(self.process)
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.address = line.split()[-1]
                self.ready_s = time.monotonic() - begin
                return
        raise Failed(f"the server did not start: exit code {self.process.wait()}: {errors.read_text()}")

    def resident_bytes(self):
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait()
        Server.running.discard(self.process)
        if how == signal.SIGTERM and code != 0:
            raise Failed(f"the server ended with exit code {code}")


class Figures:
    """All samples of one row."""

    def __init__(self, name, what, command, unit, bar=None, bar_is_ratio=True, bar_is_maximum=False, scale=1.0):
        self.name, self.what, self.command, self.unit = name, what, command, unit
        self.bar, self.bar_is_ratio, self.bar_is_maximum, self.scale = bar, bar_is_ratio, bar_is_maximum, scale
        self.florin, self.base, self.note = [], [], ""

    @staticmethod
    def text(values, scale):
        if not values:
            return "-"
        low, middle, high = min(values) / scale, statistics.median(values) / scale, max(values) / scale
        return f"{middle:.3g} [{low:.3g}-{high:.3g}]"

    def ratio(self):
        return statistics.median(self.florin) / statistics.median(self.base) if self.base else None

    def row(self):
        measured = self.ratio() if self.bar_is_ratio else statistics.median(self.florin) / self.scale
        wanted = met = "-"
        if self.bar is not None:
            wanted = f"{'<=' if self.bar_is_maximum else '>='} {self.bar}{'' if self.bar_is_ratio else ' ' + self.unit}"
            if measured is not None:
                met = "yes" if (measured <= self.bar if self.bar_is_maximum else measured >= self.bar) else "**no**"
        ratio = f"{self.ratio():.2f}" if self.base else "-"
        return (f"| {self.what} | {self.text(self.florin, self.scale)} {self.unit}{self.note} | {self.text(self.base, self.scale)} | {ratio} "
                f"| {wanted} | {met} | `{self.command}` |")


def bench(arguments, work, connect=None):
    result = work / "bench.json"
    where = ["--connect", connect] if connect else ["--data", work]
    run([FLORIN, "bench", *where, *shlex.split(arguments), "--json", result])
    measured = json.loads(result.read_text())
    wrong = {name: count for name, count in measured["outcomes"].items() if name not in ("created", "done")}
    if wrong:
        raise Failed(f"not every transfer was created, or payment done: {wrong}")
    return measured


def conditions(what):
    info = pathlib.Path("/proc/cpuinfo").read_text()
    processor = re.search(r"model name\s*: (.*)", info)
    memory = int(re.search(r"MemTotal: *(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) >> 20
    revision = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    return (f"{processor[1] if processor else 'unknown processor'}, {os.cpu_count()} cores, {memory} GiB, kernel {os.uname().release}; "
            f"release preset, {run([FLORIN, '--version']).strip()} ({revision}); {what}, "
            f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC")


def table(rows, what, has_yardstick, marks):
    lines = [marks[0], "", f"Conditions: {conditions(what)}.", "",
             "| figure | florin, median [min-max] | " + ("yardstick or base" if has_yardstick else "base") +
             " | ratio | bar | met | command |", "|---|---|---|---|---|---|---|"]
    return "\n".join(lines + [row.row() for row in rows] + ["", marks[1]])


def write_page(text, marks, path=PAGE):
    """Puts the text between its marks in a page of docs, or at the end of it."""
    begin, end = marks
    page = path.read_text() if path.exists() else "# Performance\n"
    if begin not in page:
        page += f"\n{begin}\n{end}\n"
    before, rest = page.split(begin)
    path.write_text(before + text + rest.split(end)[1])
