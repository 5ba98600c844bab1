"""Queries of the official Python client, unmodified, over history that is in memory, sealed and archived."""

import asyncio
import json
import tempfile
import time
import unittest
from collections import defaultdict

import change_events
import tigerbeetle as tb
from change_events import get_change_events
from server import Server

EITHER = tb.AccountFilterFlags.DEBITS | tb.AccountFilterFlags.CREDITS
REVERSED = tb.AccountFilterFlags.REVERSED
LIMIT = 8189
RARE = 7 << 100
EVERY = 9_000  # transfers have this user data
WITH_HISTORY = (1, 4, 6)


def account_filter(account_id, flags=EITHER, limit=LIMIT, **fields):
    return tb.AccountFilter(**{"account_id": account_id, "user_data_128": 0, "user_data_64": 0, "user_data_32": 0, "code": 0, "timestamp_min": 0,
                               "timestamp_max": 0, "limit": limit, "flags": flags, **fields})


def query_filter(limit=LIMIT, flags=tb.QueryFilterFlags.NONE, **fields):
    return tb.QueryFilter(**{"user_data_128": 0, "user_data_64": 0, "user_data_32": 0, "ledger": 0, "code": 0, "timestamp_min": 0, "timestamp_max": 0,
                             "limit": limit, "flags": flags, **fields})


def account(number):
    flags = tb.AccountFlags.HISTORY if number in WITH_HISTORY else tb.AccountFlags.NONE
    return tb.Account(id=number, ledger=1 + number % 2, code=number, user_data_64=number * 10, flags=flags)


def transfer(number):
    """Between the accounts 1, 3, 5 and 7 of ledger 2, in all ways."""
    debit, credit = (2 * (number % 4) + 1, 2 * ((number + 1 + number // 4 % 3) % 4) + 1)
    return tb.Transfer(id=10_000 + number, debit_account_id=debit, credit_account_id=credit, amount=1 + number % 100, ledger=2, code=1 + number % 5,
                       user_data_64=number % 1_000, user_data_128=RARE if number % EVERY == 0 else 0)


def all_pages(ask, timestamp_of=lambda row: row.timestamp):
    """Rows of all pages, asked for as an application would."""
    rows = []
    while page := ask(timestamp_min=timestamp_of(rows[-1]) + 1 if rows else 0):
        rows += page
    return rows


class PythonClientQueriesTest(unittest.TestCase):
    TRANSFERS = 45_000

    @classmethod
    def setUpClass(cls):
        cls.archive = tempfile.TemporaryDirectory(prefix="florin_archive_")
        cls.server = Server("--test-clock", "--generation", "4000", "--memory-budget", "160MiB", "--archive", cls.archive.name, "--archive-after", "1")
        cls.client = tb.ClientSync(cluster_id=0, replica_addresses=cls.server.address)
        cls.client.create_accounts([account(number) for number in range(1, 9)])
        cls.transfers = [transfer(number) for number in range(cls.TRANSFERS)]
        for first in range(0, cls.TRANSFERS, 5_000):
            sent = cls.transfers[first:first + 5_000]
            for one, result in zip(sent, cls.client.create_transfers(sent), strict=True):
                assert result.status == tb.CreateTransferStatus.CREATED
                one.timestamp = result.timestamp
        cls.wait_until_history_has_left_memory()

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        assert cls.server.stop() == 0
        cls.archive.cleanup()

    @classmethod
    def wait_until_history_has_left_memory(cls):
        for _ in range(600):
            history = json.loads(cls.server.ask("status", "--json"))["history"]
            if history["sealed_segments"] >= 1 and history["archived_segments"] >= 1:  # how many there are is the disk's speed
                return
            cls.client.create_accounts([account(1)])  # it exists; but between two batches history moves on
            time.sleep(0.05)
        raise AssertionError(f"nothing was sealed and archived: {history}")

    def transfers_of(self, number, flags=EITHER):
        return [one for one in self.transfers if (flags & tb.AccountFilterFlags.DEBITS and one.debit_account_id == number)
                or (flags & tb.AccountFilterFlags.CREDITS and one.credit_account_id == number)]

    def assert_same(self, found, expected):
        """Ids first: the difference of thousands of records takes minutes to print."""
        self.assertEqual([one.id for one in found], [one.id for one in expected])
        self.assertTrue(found == expected, "the same ids, and not the same records")

    def test_transfers_of_an_account_page_by_page(self):
        for flags in (EITHER, tb.AccountFilterFlags.DEBITS, tb.AccountFilterFlags.CREDITS):
            found = all_pages(lambda **bounds: self.client.get_account_transfers(account_filter(3, flags, **bounds)))
            self.assert_same(found, self.transfers_of(3, flags))

    def test_transfers_of_an_account_newest_first(self):
        expected = self.transfers_of(5)[::-1]
        self.assert_same(self.client.get_account_transfers(account_filter(5, EITHER | REVERSED)), expected[:LIMIT])
        last = expected[LIMIT - 1].timestamp
        self.assert_same(self.client.get_account_transfers(account_filter(5, EITHER | REVERSED, timestamp_max=last - 1, limit=10)),
                         expected[LIMIT:LIMIT + 10])

    def test_transfers_of_an_account_that_match(self):
        self.assert_same(self.client.get_account_transfers(account_filter(1, user_data_128=RARE)),
                         [one for one in self.transfers_of(1) if one.user_data_128 == RARE])
        self.assert_same(self.client.get_account_transfers(account_filter(1, user_data_64=444, code=5)),
                         [one for one in self.transfers_of(1) if one.user_data_64 == 444 and one.code == 5])
        self.assertEqual(self.client.get_account_transfers(account_filter(1, user_data_32=5)), [])
        low, high = self.transfers[20_000].timestamp, self.transfers[20_999].timestamp
        self.assert_same(self.client.get_account_transfers(account_filter(1, timestamp_min=low, timestamp_max=high)),
                         [one for one in self.transfers_of(1) if low <= one.timestamp <= high])

    def test_balances_of_an_account_that_has_a_history(self):
        debits = credits = 0
        expected = []
        for one in self.transfers_of(1):
            debits += one.amount if one.debit_account_id == 1 else 0
            credits += one.amount if one.credit_account_id == 1 else 0
            expected.append(tb.AccountBalance(debits_pending=0, debits_posted=debits, credits_pending=0, credits_posted=credits, timestamp=one.timestamp))
        found = all_pages(lambda **bounds: self.client.get_account_balances(account_filter(1, **bounds)))
        self.assertEqual(len(found), len(expected))
        self.assertTrue(found == expected)
        self.assertTrue(self.client.get_account_balances(account_filter(1, EITHER | REVERSED)) == expected[::-1][:LIMIT])
        self.assertEqual(self.client.get_account_balances(account_filter(3)), [], "it was not asked for when the account was created")
        self.assertEqual(self.client.get_account_balances(account_filter(6)), [], "nothing was transferred")
        self.assertEqual(self.client.get_account_balances(account_filter(99)), [])

    def test_accounts(self):
        accounts = self.client.lookup_accounts(list(range(1, 9)))
        self.assertEqual(self.client.query_accounts(query_filter()), accounts)
        self.assertEqual(self.client.query_accounts(query_filter(flags=tb.QueryFilterFlags.REVERSED, limit=3)), accounts[:4:-1])
        self.assertEqual(self.client.query_accounts(query_filter(ledger=2)), accounts[::2])
        self.assertEqual(self.client.query_accounts(query_filter(code=5, user_data_64=50)), [accounts[4]])
        self.assertEqual(self.client.query_accounts(query_filter(code=5, user_data_64=60)), [])
        self.assertEqual(self.client.query_accounts(query_filter(timestamp_min=accounts[2].timestamp, timestamp_max=accounts[3].timestamp)), accounts[2:4])

    def test_transfers_of_the_whole_ledger(self):
        last = self.transfers[-1].timestamp
        found = all_pages(lambda **bounds: self.client.query_transfers(query_filter(timestamp_max=last, **bounds)))
        self.assert_same(found, self.transfers)
        newest = self.client.query_transfers(query_filter(timestamp_max=last, flags=tb.QueryFilterFlags.REVERSED))
        self.assert_same(newest, self.transfers[::-1][:LIMIT])
        self.assertEqual(self.client.query_transfers(query_filter(ledger=1, timestamp_max=last)), [])

    def test_a_limit_is_reached_although_most_does_not_match(self):
        """More has to be looked at than one page of the server looks at."""
        self.assert_same(self.client.query_transfers(query_filter(user_data_128=RARE)), [one for one in self.transfers if one.user_data_128 == RARE])
        self.assert_same(self.client.query_transfers(query_filter(code=3)), [one for one in self.transfers if one.code == 3][:LIMIT])
        self.assert_same(self.client.query_transfers(query_filter(code=3, timestamp_min=self.transfers[40_000].timestamp)),
                         [one for one in self.transfers[40_000:] if one.code == 3])
        self.assertEqual(self.client.query_transfers(query_filter(code=77)), [])
        self.assertEqual(self.client.query_transfers(query_filter(code=77, flags=tb.QueryFilterFlags.REVERSED)), [])

    def test_a_filter_that_cannot_match_is_answered_by_nothing(self):
        too_late = 1 << 63
        for unsound in (account_filter(0), account_filter((1 << 128) - 1), account_filter(1, flags=tb.AccountFilterFlags.NONE), account_filter(1, limit=0),
                        account_filter(1, timestamp_min=2, timestamp_max=1), account_filter(1, timestamp_min=too_late)):
            self.assertEqual(self.client.get_account_transfers(unsound), [])
            self.assertEqual(self.client.get_account_balances(unsound), [])
        for unsound in (query_filter(limit=0), query_filter(timestamp_min=2, timestamp_max=1), query_filter(timestamp_max=too_late)):
            self.assertEqual(self.client.query_accounts(unsound), [])
            self.assertEqual(self.client.query_transfers(unsound), [])
        self.assertEqual(get_change_events(self.client, limit=0), [])
        self.assertEqual(get_change_events(self.client, timestamp_min=2, timestamp_max=1), [])

    def test_queries_of_many_at_once_are_told_apart(self):
        async def call(client, number):
            wanted = self.transfers[number * 40]
            of_account, of_ledger = await asyncio.gather(
                client.get_account_transfers(account_filter(wanted.debit_account_id, timestamp_min=wanted.timestamp, limit=1 + number % 5)),
                client.query_transfers(query_filter(timestamp_min=wanted.timestamp, limit=1 + number % 3)))
            return (of_account[0] == wanted and of_ledger[0] == wanted and len(of_account) == 1 + number % 5 and len(of_ledger) == 1 + number % 3)

        async def calls():
            async with tb.ClientAsync(cluster_id=0, replica_addresses=self.server.address) as client:
                return await asyncio.gather(*(call(client, number) for number in range(600)))

        self.assertTrue(all(asyncio.run(calls())))

    def test_events_are_told_in_order_with_the_accounts_as_they_were(self):
        balances = defaultdict(lambda: [0, 0, 0, 0])
        known = {one.id: one for one in self.client.lookup_accounts([1, 3, 5, 7])}
        last = self.transfers[-1].timestamp
        events = all_pages(lambda **bounds: get_change_events(self.client, timestamp_max=last, **bounds))
        self.assertEqual(len(events), self.TRANSFERS)
        for event, one in zip(events, self.transfers):
            balances[one.debit_account_id][1] += one.amount
            balances[one.credit_account_id][3] += one.amount
            self.assertEqual((event.integer("transfer_id"), event.type, event.timestamp, event.transfer_timestamp, event.transfer_user_data_64),
                             (one.id, change_events.SINGLE_PHASE, one.timestamp, one.timestamp, one.user_data_64))
            for side, number in (("debit", one.debit_account_id), ("credit", one.credit_account_id)):
                self.assertEqual((event.integer(f"{side}_account_id"), event.balances(side)), (number, tuple(balances[number])))
                self.assertEqual(getattr(event, f"{side}_account_timestamp"), known[number].timestamp)
            self.assertFalse(any(event.reserved))

    def test_events_of_two_phases(self):
        def hold(number, **fields):
            return tb.Transfer(**{"id": number, "debit_account_id": 2, "credit_account_id": 4, "amount": 100, "ledger": 1, "code": 9,
                                  "flags": tb.TransferFlags.PENDING, **fields})

        def end(number, flags, **fields):
            return tb.Transfer(**{"id": number, "debit_account_id": 0, "credit_account_id": 0, "ledger": 0, "code": 0, "flags": flags, **fields})

        results = self.client.create_transfers([
            hold(1), hold(2), hold(3, timeout=60), hold(4), end(5, tb.TransferFlags.POST_PENDING_TRANSFER, pending_id=1, amount=30),
            end(6, tb.TransferFlags.VOID_PENDING_TRANSFER, pending_id=2)])
        self.assertEqual({result.status for result in results}, {tb.CreateTransferStatus.CREATED})
        self.server.ask("clock", "advance", str(61 * 10**9))
        first = results[0].timestamp
        for _ in range(200):
            events = get_change_events(self.client, timestamp_min=first)
            if len(events) == 7:
                break
            time.sleep(0.02)
        self.assertEqual([(event.integer("transfer_id"), event.type) for event in events],
                         [(1, change_events.PENDING), (2, change_events.PENDING), (3, change_events.PENDING), (4, change_events.PENDING),
                          (5, change_events.POSTED), (6, change_events.VOIDED), (3, change_events.EXPIRED)])
        self.assertEqual([event.balances("debit") for event in events],
                         [(100, 0, 0, 0), (200, 0, 0, 0), (300, 0, 0, 0), (400, 0, 0, 0), (300, 30, 0, 0), (200, 30, 0, 0), (100, 30, 0, 0)])
        self.assertEqual([event.balances("credit") for event in events[-2:]], [(0, 0, 200, 30), (0, 0, 100, 30)])
        expired = events[-1]
        self.assertEqual((expired.integer("transfer_amount"), expired.transfer_timeout, expired.transfer_timestamp), (100, 60, results[2].timestamp))
        self.assertGreater(expired.timestamp, results[-1].timestamp)
        self.assertEqual([event.integer("transfer_pending_id") for event in events], [0, 0, 0, 0, 1, 2, 0])
        one_by_one = all_pages(lambda timestamp_min: get_change_events(self.client, timestamp_min=max(timestamp_min, first), limit=1))
        self.assertEqual([bytes(event) for event in one_by_one], [bytes(event) for event in events])
        balances = self.client.get_account_balances(account_filter(4))
        self.assertEqual([(one.credits_pending, one.credits_posted) for one in balances], [(100, 0), (200, 0), (300, 0), (400, 0), (300, 30), (200, 30)])


if __name__ == "__main__":
    unittest.main()
