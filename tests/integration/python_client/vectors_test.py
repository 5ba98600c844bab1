"""The page's own test vectors, made and read by this client."""

import unittest

from florin_client import (ACCOUNT, ACCOUNT_BALANCE, ACCOUNT_FILTER, ACCOUNTS_AT, CHANGE_EVENT, CREATED, ENTRY, EVENTS_FILTER,
                           HEADER_SIZE, HELLO, LATENCY_RECEIPT, MOMENT, PAGE_END, POST_BALANCES, QUERY_FILTER, RECEIPT, TRANSFER,
                           TRIAL_BALANCE, TRIAL_BALANCE_FILTER, WELCOME,
                           CreateReply, FilterFlags, Operation, Page, PendingStatuses, ProtocolError, QueryFlags, Reply,
                           request_frame, size_of_reply)
from support import DOCUMENT, balances_of

ID = 0x0102030405060708090A0B0C0D0E0F10
USER_DATA_64 = 0x1122334455667788
T = 1_700_000_000_000_002_000


def frames(kind):
    return {vector.title: vector.frame for vector in DOCUMENT.vectors if vector.kind == kind}


class Tables(unittest.TestCase):
    def test_operations_are_those_of_the_page(self):
        self.assertEqual(DOCUMENT.operations,
                         {operation.name.lower(): operation.value for operation in Operation})

    def test_the_page_was_read(self):
        self.assertEqual(16, len(DOCUMENT.codes))
        self.assertEqual(27, len(DOCUMENT.account_statuses))
        self.assertEqual(69, len(DOCUMENT.transfer_statuses))
        self.assertEqual(7, len(DOCUMENT.transient_statuses))
        self.assertEqual(24, len(DOCUMENT.vectors))

    def test_records_have_the_sizes_of_the_page(self):
        sizes = {384: (CHANGE_EVENT,), 128: (ACCOUNT, TRANSFER, ACCOUNT_FILTER, ACCOUNT_BALANCE, QUERY_FILTER),
                 80: (TRIAL_BALANCE,), 64: (HELLO, WELCOME, EVENTS_FILTER), 32: (RECEIPT, TRIAL_BALANCE_FILTER),
                 16: (ENTRY, ACCOUNTS_AT, MOMENT, PAGE_END)}
        for size, layouts in sizes.items():
            self.assertEqual({size}, {layout.size for layout in layouts})


class Requests(unittest.TestCase):
    """Each request of the page, made from its description, has the bytes of the page."""

    maxDiff = None

    def assert_vector(self, title, *request, **header):
        self.assertEqual(frames("request")[title].hex(), request_frame(*request, **header).hex())

    def test_hello(self):
        self.assert_vector("hello", Operation.HELLO, 1, HELLO.pack(principal=42, client=0x00112233445566778899AABBCCDDEEFF))

    def test_create_accounts(self):
        accounts = [ACCOUNT.pack(id=i, user_data_64=USER_DATA_64, ledger=700, code=10) for i in (1, 2)]
        self.assert_vector("create_accounts: two accounts, deadline 1 s", Operation.CREATE_ACCOUNTS, 2, b"".join(accounts),
                           timeout_ms=1000)

    def test_create_transfers(self):
        transfer = TRANSFER.pack(id=ID, debit_account_id=1, credit_account_id=2, amount=2500, user_data_32=7, ledger=700, code=20)
        self.assert_vector("create_transfers: one transfer, post-balances and receipt asked for", Operation.CREATE_TRANSFERS, 4,
                           transfer, flags=POST_BALANCES | LATENCY_RECEIPT)

    def test_lookup_accounts(self):
        self.assert_vector("lookup_accounts: ids 2 and 99", Operation.LOOKUP_ACCOUNTS, 5,
                           (2).to_bytes(16, "little") + (99).to_bytes(16, "little"))

    def test_get_account_transfers(self):
        flags = FilterFlags.DEBITS | FilterFlags.CREDITS | FilterFlags.REVERSED
        self.assert_vector("get_account_transfers: the newest ten of account 2", Operation.GET_ACCOUNT_TRANSFERS, 6,
                           ACCOUNT_FILTER.pack(account_id=2, limit=10, flags=flags))

    def test_query_transfers(self):
        self.assert_vector("query_transfers: of ledger 700, newest first, from 2000 on, posted or voided", Operation.QUERY_TRANSFERS, 9,
                           QUERY_FILTER.pack(ledger=700, limit=100, flags=QueryFlags.REVERSED, amount_min=2000,
                                             pending_statuses=PendingStatuses.POSTED | PendingStatuses.VOIDED))

    def test_get_change_events(self):
        self.assert_vector("get_change_events: the first ten", Operation.GET_CHANGE_EVENTS, 10, EVENTS_FILTER.pack(limit=10))

    def test_get_change_events_of_an_account(self):
        self.assert_vector("get_change_events: the first ten of account 2", Operation.GET_CHANGE_EVENTS, 12,
                           EVENTS_FILTER.pack(limit=10, account_id=2))

    def test_get_moment(self):
        self.assert_vector("get_moment: of sequence 6", Operation.GET_MOMENT, 13, MOMENT.pack(sequence=6))

    def test_get_trial_balance(self):
        self.assert_vector("get_trial_balance: of all ledgers, now", Operation.GET_TRIAL_BALANCE, 14, TRIAL_BALANCE_FILTER.pack())

    def test_get_accounts_at(self):
        self.assert_vector("get_accounts_at: accounts 1 and 2, at the transfer's time", Operation.GET_ACCOUNTS_AT, 11,
                           ACCOUNTS_AT.pack(timestamp=T) + (1).to_bytes(16, "little") + (2).to_bytes(16, "little"))

    def test_ping(self):
        self.assert_vector("ping", Operation.PING, 7)


class Replies(unittest.TestCase):
    def read(self, title):
        frame = frames("reply")[title]
        self.assertEqual(len(frame), size_of_reply(frame[:HEADER_SIZE]))
        return Reply(frame)

    def test_hello(self):
        welcome = WELCOME.unpack(self.read("hello: welcome").body)
        self.assertEqual(0xF0E0D0C0B0A090807060504030201000, welcome.store_id)
        self.assertEqual((8190, 1024, 1), (welcome.events_max, welcome.in_flight_max, welcome.partitions))

    def test_both_created(self):
        reply = CreateReply(self.read("create_accounts: both created, at the reply's timestamp - 1 and at the timestamp"), 2)
        self.assertEqual([(CREATED, T - 1999, 2), (CREATED, T - 1998, 3)], reply.outcomes)

    def test_the_second_exists(self):
        reply = CreateReply(self.read("create_accounts: the first of two created, the second exists"), 2)
        self.assertEqual([(CREATED, T - 1001, 4), (DOCUMENT.account_statuses["exists"], T - 2500, 5)], reply.outcomes)

    def test_post_balances_and_receipt(self):
        reply = CreateReply(self.read("create_transfers: created, with post-balances and receipt"), 1)
        self.assertEqual([(CREATED, T, 6)], reply.outcomes)
        self.assertEqual([((0, 2500, 0, 0), (0, 0, 0, 2500))], [tuple(map(balances_of, pair)) for pair in reply.post_balances])
        self.assertEqual((12_000, 3_500, 240_000), (reply.receipt.queue, reply.receipt.execute, reply.receipt.durable))

    def test_lookup(self):
        reply = self.read("lookup_accounts: only 2 is there")
        (row,) = ACCOUNT.unpack_all(reply.body)
        self.assertEqual((1, 2, (0, 0, 0, 2500), USER_DATA_64, 700, 10),
                         (reply.count, row.id, balances_of(row), row.user_data_64, row.ledger, row.code))

    def test_rows(self):
        reply = self.read("get_account_transfers: one row, and nothing is left")
        page = Page(reply, TRANSFER)
        (row,) = page
        self.assertEqual((0, 0), (page.end.resume, page.end.resume_expiries))
        self.assertEqual((1, ID, 1, 2, 2500, T),
                         (reply.count, row.id, row.debit_account_id, row.credit_account_id, row.amount, row.timestamp))

    def test_a_short_page(self):
        page = Page(self.read("query_transfers: no row yet, the next page has timestamp_max T - 1"), TRANSFER)
        self.assertEqual(([], T - 1), (page, page.end.resume))

    def test_events(self):
        page = Page(self.read("get_change_events: one row, and more from T + 1 on"), CHANGE_EVENT)
        (event,) = page
        self.assertEqual((ID, 2500, 7, 20, 700, 0, T), (event.transfer_id, event.transfer_amount, event.transfer_user_data_32,
                                                        event.transfer_code, event.ledger, event.type, event.timestamp))
        self.assertEqual((1, 2500, 2, 2500), (event.debit_id, event.debit_debits_posted, event.credit_id, event.credit_credits_posted))
        self.assertEqual((T + 1, 1), (page.end.resume, page.end.resume_expiries))

    def test_a_moment(self):
        (row,) = Page(self.read("get_moment: sequence 6 and its timestamp"), MOMENT)
        self.assertEqual((6, T), (row.sequence, row.timestamp))

    def test_sums(self):
        page = Page(self.read("get_trial_balance: one ledger, as of the transfer's time, and nothing is left"), TRIAL_BALANCE)
        (row,) = page
        self.assertEqual((700, 2, (0, 2500, 0, 2500)), (row.ledger, row.accounts, balances_of(row)))
        self.assertEqual((0, T), (page.end.resume, page.end.resume_expiries))

    def test_ping(self):
        reply = self.read("ping: alive")
        self.assertEqual((7, 6, T, 0, b""), (reply.request, reply.sequence, reply.timestamp, reply.code, reply.body))

    def test_an_error(self):
        reply = self.read("an error: invalid_filter, the body is text")
        self.assertEqual((DOCUMENT.codes["invalid_filter"], "limit must not be 0"), (reply.code, reply.text))

    def test_a_flipped_bit_anywhere_is_noticed(self):
        frame = frames("reply")["create_transfers: created, with post-balances and receipt"]
        for bit in range(len(frame) * 8):
            damaged = bytearray(frame)
            damaged[bit // 8] ^= 1 << bit % 8
            with self.assertRaises(ProtocolError, msg=f"bit {bit}"):
                size_of_reply(damaged[:HEADER_SIZE])
                Reply(bytes(damaged))
