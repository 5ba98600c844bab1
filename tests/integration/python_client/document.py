"""docs/protocol.md as data: its tables of codes and its test vectors, so that the tests use what the page says."""

import re
from pathlib import Path
from typing import NamedTuple


class Vector(NamedTuple):
    kind: str  # request or reply
    title: str
    frame: bytes


class Document:
    def __init__(self, path):
        text = Path(path).read_text(encoding="utf-8")
        sections = {}
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            sections[int(section.split(".")[0])] = section
        self.operations = self._numbers(sections[4])
        self.codes = self._numbers(sections[6])
        accounts, transfers = sections[7].split("Of create_transfers")
        self.account_statuses = self._numbers(accounts)
        self.transfer_statuses = self._numbers(transfers)
        self.closing_codes = {name for name, connection in
                              re.findall(r"^\| \d+ \| `(\w+)` \| [^|]* \| ([^|]*) \|", sections[6], re.MULTILINE)
                              if connection == "closes"}
        self.transient_statuses = set(re.findall(r"^\| \d+ \| `(\w+)` \| t \|", transfers, re.MULTILINE))
        self.status_fields = self._status_fields(sections[4].split("### 4.6")[1])
        self.vectors = self._vectors(sections[10])

    @staticmethod
    def _numbers(section):
        """name -> number, from the rows | 3 | `name` |."""
        return {name: int(number) for number, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", section, re.MULTILINE)}

    @staticmethod
    def _status_fields(section):
        """object ("" is the outer one) -> names, from the rows | `object` | `name`, ... |."""
        rows = re.findall(r"^\| (?:\(top\)|`(\w+)`) \| (.*) \|$", section, re.MULTILINE)
        return {name: set(re.findall(r"`(\w+)`", fields)) for name, fields in rows}

    @staticmethod
    def _vectors(section):
        vectors = []
        for block in section.split("```")[1].strip().split("\n\n"):
            head, *lines = block.split("\n")
            kind, title = head.split(" ", 1)
            vectors.append(Vector(kind, title, bytes.fromhex("".join(lines))))
        return vectors
