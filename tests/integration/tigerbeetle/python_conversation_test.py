"""Speaks the conversation of conversation.txt, where its words are explained, and of queries.txt, with the official Python client."""

import pathlib
import re
import time
import unittest

import tigerbeetle as tb
from server import Server

HERE = pathlib.Path(__file__).parent
ACCOUNT = {"ledger": 1, "code": 1}
TRANSFER = {"debit_account_id": 1, "credit_account_id": 2, "amount": 1, "ledger": 1, "code": 1}
ACCOUNT_FILTER = dict.fromkeys(("account_id", "user_data_128", "user_data_64", "user_data_32", "code", "timestamp_min", "timestamp_max", "limit", "flags"), 0)
QUERY_FILTER = dict.fromkeys(("user_data_128", "user_data_64", "user_data_32", "ledger", "code", "timestamp_min", "timestamp_max", "limit", "flags"), 0)


class PythonClientConversationTest(unittest.TestCase):
    def test_every_word_of_the_conversation_is_answered_as_it_should_be(self):
        server = Server()
        with tb.ClientSync(cluster_id=0, replica_addresses=server.address) as self.client:
            self.speak(HERE / "conversation.txt")
            self.speak(HERE / "queries.txt")
        self.assertEqual(server.stop(), 0)

    def speak(self, path):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        for call in re.split(r"\n{2,}", "\n".join(lines).strip("\n")):
            if call.startswith(("account ", "transfer ")):
                self.create(call.splitlines())
                continue
            for line in call.splitlines():
                self.say(line)

    def create(self, call):
        if call[0].startswith("account"):
            results = self.client.create_accounts([tb.Account(**ACCOUNT | self.fields(tb.AccountFlags, line.split()[2:])) for line in call])
        else:
            results = self.client.create_transfers([tb.Transfer(**TRANSFER | self.fields(tb.TransferFlags, line.split()[2:])) for line in call])
        self.assertEqual(len(results), len(call))
        for line, result in zip(call, results):
            self.assertEqual(result.status.name.lower(), line.split()[1], line)

    def say(self, line):
        verb, *words = line.split()
        if verb == "pause":
            time.sleep(int(words[0]) / 1000)
        elif "->" in words:
            self.query(verb, words[:words.index("->")], words[words.index("->") + 1:], line)
        else:
            what, kind = verb.split("_")
            wanted = self.fields(tb.AccountFlags if kind == "account" else tb.TransferFlags, words)
            found = self.look_up(kind == "account", wanted["id"])
            self.assertEqual(len(found), 1 if what == "find" else 0, line)
            for name, value in wanted.items() if found else ():
                self.assertEqual(getattr(found[0], name), value, f"{name}: {line}")

    def query(self, verb, words, rows, line):
        if verb.startswith("get_"):
            asked = tb.AccountFilter(**ACCOUNT_FILTER | self.fields(tb.AccountFilterFlags, words))
        else:
            asked = tb.QueryFilter(**QUERY_FILTER | self.fields(tb.QueryFilterFlags, words))
        found = getattr(self.client, verb)(asked)
        self.assertEqual([row.timestamp for row in found], [self.number(row.split(":")[0]) for row in rows], line)
        for row, wanted in zip(found, rows):
            names = wanted.split(":")[1:]
            for name, value in zip(names[::2], names[1::2]):
                self.assertEqual(getattr(row, name), int(value), f"{wanted}: {line}")

    def fields(self, flags, words):
        pairs = (word.split("=") for word in words)
        return {name: self.flags(flags, text) if name == "flags" else self.number(text) for name, text in pairs}

    @staticmethod
    def flags(flags, text):
        value = flags(int(text) if text.isdigit() else 0)
        for name in () if text.isdigit() else text.split("|"):
            value |= flags[name.upper()]
        return value

    def number(self, text):
        if not text.startswith("@"):
            return 2**128 - 1 if text == "max" else int(text)
        number, _, more = text[1:].partition("+")
        [found] = self.look_up(int(number) < 100, int(number))
        return found.timestamp + int(more or 0)

    def look_up(self, is_account, number):
        return self.client.lookup_accounts([number]) if is_account else self.client.lookup_transfers([number])


if __name__ == "__main__":
    unittest.main()
