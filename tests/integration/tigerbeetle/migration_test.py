"""A ledger with everything in it is read out of one server and imported into another, by examples/migrate_from_tigerbeetle.py, and compared.

TEST_SOURCE_ADDRESS names another source than a florin server of the test's own: TigerBeetle's, new and empty."""

import json
import os
import pathlib
import sys
import time
import unittest
import unittest.mock
from dataclasses import replace

import tigerbeetle as tb
from server import Server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "examples"))
import migrate_from_tigerbeetle as migration  # noqa: E402

A = tb.AccountFlags
T = tb.TransferFlags
PENDING, POST, VOID = T.PENDING, T.POST_PENDING_TRANSFER, T.VOID_PENDING_TRANSFER
ACCOUNTS = 40
CLOSED_AT_CREATION, CLOSED, CLOSED_AND_REOPENED, CLOSED_UNTIL_EXPIRED = 31, 32, 33, 34
LIMITED, OTHER_LIMITED, WITHOUT_HISTORY = 11, 12, 20
HOLD_TIMEOUT_S = 1
EXPIRED = (2_003, 2_004, 2_034)
STILL_OPEN = 2_002
CHAIN = 100


def account(number):
    flags = {LIMITED: A.DEBITS_MUST_NOT_EXCEED_CREDITS, OTHER_LIMITED: A.CREDITS_MUST_NOT_EXCEED_DEBITS,
             CLOSED_AT_CREATION: A.CLOSED}.get(number, A.NONE)
    if number < WITHOUT_HISTORY:
        flags |= A.HISTORY
    if number in (25, 26):
        flags |= A.LINKED  # with 27
    return tb.Account(id=number, ledger=1 + number // 36, code=number, user_data_128=number << 90, user_data_64=number * 10, user_data_32=number % 3,
                      flags=flags)


def transfer(number, **fields):
    return tb.Transfer(**{"id": number, "debit_account_id": 1, "credit_account_id": 2, "amount": 100, "ledger": 1, "code": 1 + number % 5,
                          "user_data_128": number << 64, "user_data_64": number % 7, "user_data_32": number % 11, **fields})


def end(number, pending_id, flags, **fields):
    return tb.Transfer(**{"id": number, "pending_id": pending_id, "flags": flags, **fields})


def many(number):
    """Chains of a hundred; pages of the reader and batches of the writer end within one."""
    linked = T.LINKED if number % CHAIN != CHAIN - 1 else T.NONE
    return transfer(100_000 + number, debit_account_id=1 + number % 10, credit_account_id=1 + (number + 1 + number // 10 % 9) % 10,
                    amount=1 + number % 50, flags=linked)


def account_filter(account_id, flags=migration.EITHER_SIDE, **fields):
    return tb.AccountFilter(**{"account_id": account_id, "user_data_128": 0, "user_data_64": 0, "user_data_32": 0, "code": 0, "timestamp_min": 0,
                               "timestamp_max": 0, "limit": 8189, "flags": flags, **fields})


def query_filter(**fields):
    return tb.QueryFilter(**{"user_data_128": 0, "user_data_64": 0, "user_data_32": 0, "ledger": 0, "code": 0, "timestamp_min": 0, "timestamp_max": 0,
                             "limit": 8189, "flags": tb.QueryFilterFlags.NONE, **fields})


def without(rows, timestamps):
    return [row for row in rows if row.timestamp not in timestamps]


class Migrated(unittest.TestCase):
    """A source that was filled, and a target it was moved to."""

    source_address = None

    @classmethod
    def setUpClass(cls):
        cls.servers = [Server()] if cls.source_address else [Server(), Server()]
        cls.target_server = cls.servers[0]
        cls.source = tb.ClientSync(cluster_id=0, replica_addresses=cls.source_address or cls.servers[1].address)
        cls.target = tb.ClientSync(cluster_id=0, replica_addresses=cls.target_server.address)
        cls.fill(cls.source)
        cls.move()
        cls.voids = {one.pending_id: one for one in cls.target.lookup_transfers([number ^ 1 << 127 for number in EXPIRED])}
        cls.void_timestamps = {one.timestamp for one in cls.voids.values()}

    @classmethod
    def move(cls):
        cls.accounts, cls.transfers, cls.open_holds = migration.migrate(cls.source, cls.target, time.time_ns())

    @classmethod
    def tearDownClass(cls):
        cls.source.close()
        cls.target.close()
        assert [server.stop() for server in cls.servers] == [0] * len(cls.servers)

    @staticmethod
    def create(client, *events):
        kind = client.create_accounts if isinstance(events[0], tb.Account) else client.create_transfers
        return [result.status.name for result in kind(list(events))]

    @classmethod
    def fill(cls, source):
        def done(*events):
            results = cls.create(source, *events)
            assert set(results) == {"CREATED"}, next((name, event) for name, event in zip(results, events) if name != "CREATED")

        # It has a migration behind it itself.
        done(*(replace(account(number), flags=account(number).flags | A.IMPORTED, timestamp=number * 1000) for number in (1, 2)))
        done(transfer(900, flags=T.IMPORTED, timestamp=5_000), transfer(901, flags=T.IMPORTED | PENDING, timestamp=6_000))
        done(*(account(number) for number in range(3, ACCOUNTS + 1)))
        assert cls.create(source, transfer(999, debit_account_id=77)) == ["DEBIT_ACCOUNT_NOT_FOUND"]  # leaves nothing to be read

        done(transfer(1_000), transfer(1_001, ledger=2, debit_account_id=36, credit_account_id=37, amount=1 << 100))
        # Holds: open, open with a time-out, two that expire; posted, posted in part, voided; all of it in one batch, and over batches.
        done(transfer(2_001, flags=PENDING), transfer(STILL_OPEN, flags=PENDING, timeout=86_400),
             transfer(2_003, flags=PENDING, timeout=HOLD_TIMEOUT_S),
             transfer(2_004, flags=PENDING, timeout=HOLD_TIMEOUT_S, debit_account_id=5, credit_account_id=21),
             transfer(2_005, flags=PENDING, timeout=86_400), transfer(2_006, flags=PENDING), transfer(2_007, flags=PENDING),
             end(2_105, 2_005, POST, amount=tb.AMOUNT_MAX), end(2_106, 2_006, POST, amount=30, user_data_64=4))
        done(end(2_107, 2_007, VOID), end(2_901, 901, POST, amount=tb.AMOUNT_MAX))
        # Limits, and amounts that were made to fit.
        done(transfer(3_000, credit_account_id=LIMITED, amount=500), transfer(3_001, debit_account_id=LIMITED, credit_account_id=2, amount=200))
        done(transfer(3_002, debit_account_id=LIMITED, credit_account_id=3, amount=250, flags=PENDING, timeout=HOLD_TIMEOUT_S * 86_400))
        done(transfer(3_003, debit_account_id=LIMITED, credit_account_id=4, amount=1_000, flags=T.BALANCING_DEBIT))
        done(transfer(3_004, debit_account_id=OTHER_LIMITED, credit_account_id=5, amount=70),
             transfer(3_005, debit_account_id=6, credit_account_id=OTHER_LIMITED, amount=90, flags=T.BALANCING_CREDIT))
        assert cls.create(source, transfer(3_006, debit_account_id=LIMITED)) == ["EXCEEDS_CREDITS"]
        # Accounts that transfers closed.
        for number, timeout in ((CLOSED, 0), (CLOSED_AND_REOPENED, 0), (CLOSED_UNTIL_EXPIRED, HOLD_TIMEOUT_S)):
            done(transfer(4_000 + number, debit_account_id=number, amount=7),
                 transfer(2_000 + number, debit_account_id=number, amount=0, flags=PENDING | T.CLOSING_DEBIT, timeout=timeout))
        done(end(2_133, 2_033, VOID), transfer(3_033, debit_account_id=CLOSED_AND_REOPENED))
        quarter = cls.MANY // 4
        for number in range(4):
            if number == 2:
                cls.wait_until_holds_expired(source)
            done(*(many(number) for number in range(number * quarter, (number + 1) * quarter)))
        done(transfer(3_034, debit_account_id=CLOSED_UNTIL_EXPIRED))

    @staticmethod
    def wait_until_holds_expired(source):
        for _ in range(600):
            other, closed = source.lookup_accounts([21, CLOSED_UNTIL_EXPIRED])
            if other.credits_pending == 0 and not closed.flags & A.CLOSED:
                return
            time.sleep(0.05)
        raise AssertionError("the holds do not expire")

    def rows_of(self, ask):
        """Of both, without what the migration had to add to the target."""
        return list(ask(self.source)), without(ask(self.target), self.void_timestamps)

    def as_imported(self, transfers):
        return [replace(one, timeout=0, flags=one.flags | T.IMPORTED) for one in transfers]

    def assert_same(self, found, expected):
        self.assertEqual([one.timestamp for one in found], [one.timestamp for one in expected])
        self.assertTrue(found == expected, next(((a, b) for a, b in zip(found, expected) if a != b), None))

class MigrationTest(Migrated):
    """Moved once; each test compares one thing."""

    MANY = 20_000  # more than two pages
    source_address = os.environ.get("TEST_SOURCE_ADDRESS")

    def test_accounts_are_the_same_with_their_balances(self):
        source, target = self.rows_of(lambda client: migration.in_order(client.query_accounts))
        self.assertEqual((len(source), self.accounts), (ACCOUNTS, ACCOUNTS))
        self.assert_same(target, [replace(one, flags=one.flags | A.IMPORTED) for one in source])
        self.assertEqual({one.id for one in target if one.flags & A.CLOSED}, {CLOSED_AT_CREATION, CLOSED})

    def test_transfers_are_the_same(self):
        source, target = self.rows_of(lambda client: migration.in_order(client.query_transfers))
        self.assertEqual(self.transfers, len(source) + len(EXPIRED))
        self.assert_same(target, self.as_imported(source))

    def test_what_expired_is_voided_at_its_time(self):
        self.assertEqual(set(self.voids), set(EXPIRED))
        for hold in self.source.lookup_transfers(list(EXPIRED)):
            void = self.voids[hold.id]
            self.assertLess(void.timestamp - (hold.timestamp + hold.timeout * 10**9), 10**6)
            self.assertGreaterEqual(void.timestamp, hold.timestamp + hold.timeout * 10**9)

    def test_histories_of_balances_are_the_same(self):
        for number in range(1, ACCOUNTS + 1):
            source, target = self.rows_of(lambda client: client.get_account_balances(account_filter(number)))
            self.assertEqual(bool(source), number < WITHOUT_HISTORY and bool(self.source.get_account_transfers(account_filter(number))))
            self.assert_same(target, source)

    def test_queries_have_the_same_answers(self):
        backwards = tb.AccountFilterFlags.REVERSED
        for ask in (lambda client: client.get_account_transfers(account_filter(3)),
                    lambda client: client.get_account_transfers(account_filter(4, tb.AccountFilterFlags.DEBITS)),
                    lambda client: client.get_account_transfers(account_filter(5, tb.AccountFilterFlags.CREDITS | backwards)),
                    lambda client: client.get_account_transfers(account_filter(1, user_data_64=4, code=2)),
                    lambda client: client.query_transfers(query_filter(ledger=2)),
                    lambda client: client.query_transfers(query_filter(code=3, user_data_32=5)),
                    lambda client: client.query_transfers(query_filter(user_data_128=2_001 << 64))):
            source, target = self.rows_of(ask)
            self.assertTrue(source)
            self.assert_same(target, self.as_imported(source))
        source, target = self.rows_of(lambda client: client.query_accounts(query_filter(code=LIMITED)))
        self.assertEqual([one.id for one in source + target], [LIMITED, LIMITED])

    def test_holds_that_will_not_expire_any_more_are_named(self):
        self.assertEqual({one.id for one in self.open_holds}, {STILL_OPEN, 3_002})

    def test_the_native_client_sees_it_too(self):
        sums = {row["ledger"]: row for row in json.loads(self.target_server.ask("trial-balance", "--json"))["ledgers"]}
        for ledger, row in sums.items():
            accounts = self.source.query_accounts(query_filter(ledger=ledger))
            self.assertEqual(int(row["debits_posted"]), sum(one.debits_posted for one in accounts))
        self.assertEqual(len(sums), 2)

    def test_run_again_it_creates_nothing(self):
        self.assertEqual(migration.migrate(self.source, self.target, time.time_ns())[:2], (0, 0))


class Interrupted:
    """A target that is lost with its third batch of transfers."""

    def __init__(self, client):
        self.query_accounts, self.query_transfers, self.create_accounts = client.query_accounts, client.query_transfers, client.create_accounts
        self._create_transfers, self._left = client.create_transfers, 2

    def create_transfers(self, batch):
        if self._left == 0:
            raise ConnectionError
        self._left -= 1
        return self._create_transfers(batch)


class InterruptedMigrationTest(Migrated):
    MANY = 4 * CHAIN

    @classmethod
    def move(cls):
        with unittest.mock.patch.object(migration, "BATCH_MAX", 2 * CHAIN - 1):
            try:
                migration.migrate(cls.source, Interrupted(cls.target), time.time_ns())
            except ConnectionError:
                cls.moved_before = len(list(migration.in_order(cls.target.query_transfers)))
            super().move()

    def test_it_goes_on_where_it_was(self):
        self.assertTrue(0 < self.moved_before < self.MANY)
        self.assertEqual(self.accounts, 0)
        source, target = self.rows_of(lambda client: migration.in_order(client.query_transfers))
        self.assertEqual(self.moved_before + self.transfers, len(source) + len(EXPIRED))
        self.assert_same(target, self.as_imported(source))

    def test_the_target_decides_as_the_source_would(self):
        self.assertEqual(
            self.create(self.target, end(9_000, STILL_OPEN, POST, amount=tb.AMOUNT_MAX), end(9_001, 2_003, VOID), end(9_002, 2_005, VOID),
                        end(9_003, 2_007, POST, amount=1), transfer(9_004, debit_account_id=CLOSED), transfer(9_005, debit_account_id=CLOSED_AND_REOPENED),
                        transfer(9_006, debit_account_id=LIMITED), transfer(1_000)),
            ["CREATED", "PENDING_TRANSFER_ALREADY_VOIDED", "PENDING_TRANSFER_ALREADY_POSTED", "PENDING_TRANSFER_ALREADY_VOIDED",
             "DEBIT_ACCOUNT_ALREADY_CLOSED", "CREATED", "EXCEEDS_CREDITS", "EXISTS_WITH_DIFFERENT_FLAGS"])


if __name__ == "__main__":
    unittest.main()
