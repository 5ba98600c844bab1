"""What a client of the page can do with a real server: the ledger through each operation."""

import json

from florin_client import (ACCOUNT_FILTER, ACCOUNTS_AT, CHANGE_EVENT, CREATED, EVENTS_FILTER, LATENCY_RECEIPT, MOMENT, PAGE_END,
                           POST_BALANCES, QUERY_FILTER, RECEIPT, TRIAL_BALANCE, TRIAL_BALANCE_FILTER, U128_MAX, AccountFlags,
                           Connection, ConnectionEnded, CreateReply, FilterFlags, Operation, PendingStatuses, QueryFlags,
                           TransferFlags, request_frame)
from support import DOCUMENT, LEDGER, PRINCIPAL, ServerProcess, ServerTestCase, balances_of


class Hello(ServerTestCase):
    def test_tells_limits_and_the_store(self):
        first = self.connect(hello=False).hello(principal=1, client=2)
        second = self.connect(hello=False).hello(principal=U128_MAX - 1, client=U128_MAX)
        self.assertEqual(8190, first.events_max)
        self.assertEqual(1024, first.in_flight_max)
        self.assertGreaterEqual(first.partitions, 1)
        self.assertNotEqual(0, first.store_id)
        self.assertEqual(first.store_id, second.store_id)
        self.assertEqual(0, first.reserved)

    def test_principal_and_client_are_recorded_with_every_request(self):
        connection = self.connect(hello=False)
        connection.hello(principal=PRINCIPAL, client=0xC11E << 112)
        self.new_account(connection)
        requests = [request for batch in json.loads(self.server.journal())["batches"] for request in batch["requests"]]
        self.assertIn(("create_accounts", str(PRINCIPAL), f"{0xC11E << 112:032x}", 2),
                      [tuple(request[name] for name in ("operation", "principal", "client", "request")) for request in requests])

    def test_another_ledger_has_another_store_id(self):
        other = ServerProcess()
        self.addCleanup(other.stop)
        with Connection(other.port) as connection:
            self.assertNotEqual(self.connect(hello=False).hello().store_id, connection.hello().store_id)


class Records(ServerTestCase):
    def test_every_field_of_an_account_comes_back(self):
        connection = self.connect()
        fields = {"id": self.new_id(), "user_data_128": 0x0123456789ABCDEF_FEDCBA9876543211, "user_data_64": 0xF1E2D3C4B5A69788,
                  "user_data_32": 0x89ABCDEF, "ledger": 0xFFFFFFFF, "code": 0xFEDC,
                  "flags": AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS | AccountFlags.HISTORY}
        reply = connection.create_accounts(fields)
        self.assert_statuses(["created"], reply)
        row = vars(self.account(connection, fields["id"]))
        for name, value in fields.items():
            self.assertEqual(value, row[name], name)
        self.assertEqual(reply.timestamp, row["timestamp"])
        self.assertEqual((0, 0, 0, 0, 0), (row["debits_pending"], row["debits_posted"], row["credits_pending"],
                                            row["credits_posted"], row["reserved"]))

    def test_every_field_of_a_transfer_comes_back(self):
        connection = self.connect()
        debit, credit = self.new_accounts(connection, 2)
        amount = 0xFEDCBA9876543210_0123456789ABCDEF
        fields = self.transfer(debit, credit, amount, user_data_128=U128_MAX, user_data_64=2**63 + 1, user_data_32=2**32 - 1,
                               timeout=2**32 - 1, code=0xFFFF, flags=TransferFlags.PENDING)
        reply = connection.create_transfers(fields)
        self.assert_statuses(["created"], reply)
        (row,) = connection.lookup_transfers(fields["id"])
        for name, value in fields.items():
            self.assertEqual(value, getattr(row, name), name)
        self.assertEqual(0, row.pending_id)
        self.assertEqual(reply.timestamp, row.timestamp)
        self.assert_balances((amount, 0, 0, 0), connection, debit)
        self.assert_balances((0, 0, amount, 0), connection, credit)

    def test_amounts_use_all_128_bits(self):
        connection = self.connect()
        debit, credit = self.new_accounts(connection, 2)
        self.assert_statuses(["created", "overflows_debits_posted", "created"], connection.create_transfers(
            self.transfer(debit, credit, U128_MAX - 1), self.transfer(debit, credit, 2), self.transfer(debit, credit, 1)))
        self.assert_balances((0, U128_MAX, 0, 0), connection, debit)
        self.assert_balances((0, 0, 0, U128_MAX), connection, credit)

    def test_an_account_may_be_used_in_the_request_after_it(self):
        connection = self.connect()
        debit, credit = self.new_id(), self.new_id()
        accounts = connection.send_create(Operation.CREATE_ACCOUNTS,
                                          [{"id": i, "ledger": LEDGER, "code": 1} for i in (debit, credit)])
        transfers = connection.send_create(Operation.CREATE_TRANSFERS, [self.transfer(debit, credit, 5)])
        self.assert_statuses(["created"], CreateReply(connection.wait(transfers), 1))
        self.assert_statuses(["created"] * 2, CreateReply(connection.wait(accounts), 2))


class Outcomes(ServerTestCase):
    def test_statuses_of_accounts(self):
        connection = self.connect()
        existing = self.new_account(connection, user_data_64=7)
        good = {"ledger": LEDGER, "code": 10}
        new_id = self.new_id
        cases = [
            ("timestamp_must_be_zero", {**good, "id": new_id(), "timestamp": 1}),
            ("reserved_field", {**good, "id": new_id(), "reserved": 1}),
            ("reserved_flag", {**good, "id": new_id(), "flags": 1 << 6}),
            ("id_must_not_be_zero", {**good, "id": 0}),
            ("id_must_not_be_int_max", {**good, "id": U128_MAX}),
            ("flags_are_mutually_exclusive", {**good, "id": new_id(), "flags": 0b110}),
            ("debits_pending_must_be_zero", {**good, "id": new_id(), "debits_pending": 1 << 64}),
            ("debits_posted_must_be_zero", {**good, "id": new_id(), "debits_posted": 1 << 64}),
            ("credits_pending_must_be_zero", {**good, "id": new_id(), "credits_pending": 1 << 64}),
            ("credits_posted_must_be_zero", {**good, "id": new_id(), "credits_posted": 1 << 64}),
            ("ledger_must_not_be_zero", {**good, "id": new_id(), "ledger": 0}),
            ("code_must_not_be_zero", {**good, "id": new_id(), "code": 0}),
            ("exists_with_different_flags", {**good, "id": existing, "user_data_64": 7, "flags": AccountFlags.HISTORY}),
            ("exists_with_different_user_data_64", {**good, "id": existing}),
            ("exists_with_different_ledger", {**good, "id": existing, "user_data_64": 7, "ledger": LEDGER + 1}),
            ("exists_with_different_code", {**good, "id": existing, "user_data_64": 7, "code": 11}),
            ("exists", {**good, "id": existing, "user_data_64": 7}),
            ("imported_event_not_expected", {**good, "id": new_id(), "flags": AccountFlags.IMPORTED, "timestamp": 1}),
            ("created", {**good, "id": new_id()}),
        ]
        reply = connection.create_accounts(*(event for _, event in cases))
        self.assert_statuses([name for name, _ in cases], reply, DOCUMENT.account_statuses)
        # Each event has its own time, refused ones too; an existing one answers that of the original.
        original = self.account(connection, existing).timestamp
        for i, ((name, _), outcome) in enumerate(zip(cases, reply.outcomes)):
            own = reply.timestamp - len(cases) + i + 1
            self.assertEqual(original if name == "exists" else own, outcome.timestamp, name)

    def test_statuses_of_transfers(self):
        connection = self.connect()
        debit, credit = self.new_accounts(connection, 2)
        poor = self.new_account(connection, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)
        greedy = self.new_account(connection, AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)
        foreign = self.new_account(connection, ledger=LEDGER + 1)
        nobody = self.new_id()

        def event(**changes):
            return {**self.transfer(debit, credit, 1), **changes}

        overdraft = event(debit_account_id=poor)
        cases = [
            ("timestamp_must_be_zero", event(timestamp=1)),
            ("reserved_flag", event(flags=1 << 9)),
            ("id_must_not_be_zero", event(id=0)),
            ("id_must_not_be_int_max", event(id=U128_MAX)),
            ("debit_account_id_must_not_be_zero", event(debit_account_id=0)),
            ("debit_account_id_must_not_be_int_max", event(debit_account_id=U128_MAX)),
            ("credit_account_id_must_not_be_zero", event(credit_account_id=0)),
            ("credit_account_id_must_not_be_int_max", event(credit_account_id=U128_MAX)),
            ("accounts_must_be_different", event(credit_account_id=debit)),
            ("pending_id_must_be_zero", event(pending_id=1)),
            ("timeout_reserved_for_pending_transfer", event(timeout=1)),
            ("closing_transfer_must_be_pending", event(flags=TransferFlags.CLOSING_DEBIT)),
            ("ledger_must_not_be_zero", event(ledger=0)),
            ("code_must_not_be_zero", event(code=0)),
            ("debit_account_not_found", event(debit_account_id=nobody)),
            ("credit_account_not_found", event(credit_account_id=nobody)),
            ("accounts_must_have_the_same_ledger", event(credit_account_id=foreign)),
            ("transfer_must_have_the_same_ledger_as_accounts", event(ledger=LEDGER + 1)),
            ("exceeds_credits", overdraft),
            ("exceeds_debits", event(credit_account_id=greedy)),
            ("id_already_failed", overdraft),
            ("imported_event_not_expected", event(flags=TransferFlags.IMPORTED, timestamp=1)),
            ("created", event()),
        ]
        reply = connection.create_transfers(*(transfer for _, transfer in cases))
        self.assert_statuses([name for name, _ in cases], reply)
        self.assert_balances((0, 1, 0, 0), connection, debit)

        # The id of a transient refusal is burnt for ever, that of another one is free.
        again = [(name, transfer) for name, transfer in cases[14:20]]
        sound = {"debit_account_id": debit, "credit_account_id": credit, "ledger": LEDGER}
        repaired = [{**transfer, **sound} for _, transfer in again]
        expected = ["id_already_failed" if name in DOCUMENT.transient_statuses else "created" for name, _ in again]
        self.assertEqual({"id_already_failed", "created"}, set(expected))
        self.assert_statuses(expected, connection.create_transfers(*repaired))

    def test_a_retry_answers_exists_and_changes_nothing(self):
        debit, credit = self.new_accounts(self.connect(), 2)
        transfers = [self.transfer(debit, credit, amount) for amount in (1, 10, 100)]
        first = self.connect().create_transfers(*transfers)
        self.assert_statuses(["created"] * 3, first)
        connection = self.connect()  # another connection, as after a lost reply
        retry = connection.create_transfers(*transfers)
        self.assert_statuses(["exists"] * 3, retry)
        self.assertEqual([outcome.timestamp for outcome in first.outcomes], [outcome.timestamp for outcome in retry.outcomes])
        self.assert_balances((0, 111, 0, 0), connection, debit)

    def test_a_retry_with_other_fields_names_the_first_that_differs(self):
        connection = self.connect()
        debit, credit, other = self.new_accounts(connection, 3)
        original = self.transfer(debit, credit, 5)
        self.assert_statuses(["created"], connection.create_transfers(original))
        changes = [("flags", TransferFlags.PENDING), ("pending_id", 1), ("timeout", 1), ("debit_account_id", other),
                   ("credit_account_id", other), ("amount", 6), ("user_data_128", 1), ("user_data_64", 1), ("user_data_32", 1),
                   ("ledger", LEDGER + 1), ("code", 2)]
        reply = connection.create_transfers(*({**original, name: value} for name, value in changes))
        self.assert_statuses([f"exists_with_different_{name}" for name, _ in changes], reply)

    def test_a_chain_succeeds_or_fails_whole(self):
        connection = self.connect()
        debit, credit = self.new_accounts(connection, 2)
        linked = {"flags": TransferFlags.LINKED}
        whole = [self.transfer(debit, credit, 1, **linked), self.transfer(debit, credit, 2, **linked),
                 self.transfer(debit, credit, 4)]
        broken = [self.transfer(debit, credit, 8, **linked), self.transfer(debit, credit, 16, code=0, **linked),
                  self.transfer(debit, credit, 32)]
        alone = self.transfer(debit, credit, 64)
        still_open = [self.transfer(debit, credit, 128, **linked), self.transfer(debit, credit, 256, **linked)]
        reply = connection.create_transfers(*whole, *broken, alone, *still_open)
        self.assert_statuses(["created", "created", "created", "linked_event_failed", "code_must_not_be_zero", "linked_event_failed",
                              "created", "linked_event_failed", "linked_event_chain_open"], reply)
        self.assert_balances((0, 1 + 2 + 4 + 64, 0, 0), connection, debit)
        self.assert_statuses(["exists", "linked_event_failed", "linked_event_failed"], connection.create_transfers(*whole))

    def test_imported_events_are_listed_with_their_own_time(self):
        connection = self.connect()
        ids = [self.new_id(), self.new_id()]
        newest = connection.call(Operation.PING).timestamp
        imported = {"ledger": LEDGER, "code": 1, "flags": AccountFlags.IMPORTED}
        reply = connection.create_accounts({**imported, "id": ids[0], "timestamp": newest + 1},
                                           {**imported, "id": ids[1], "timestamp": newest + 3})
        self.assert_statuses(["created"] * 2, reply, DOCUMENT.account_statuses)
        self.assertEqual([newest + 1, newest + 3], [outcome.timestamp for outcome in reply.outcomes])
        self.assertEqual([newest + 1, newest + 3], [row.timestamp for row in connection.lookup_accounts(*ids)])


class TwoPhases(ServerTestCase):
    def hold(self, connection, amount, **fields):
        debit, credit = self.new_accounts(connection, 2)
        pending = self.transfer(debit, credit, amount, flags=TransferFlags.PENDING, **fields)
        self.assert_statuses(["created"], connection.create_transfers(pending))
        self.assert_balances((amount, 0, 0, 0), connection, debit)
        return pending

    def end(self, pending, flags, amount=0, **fields):
        return {"id": self.new_id(), "pending_id": pending["id"], "amount": amount, "flags": flags, **fields}

    def test_post_all(self):
        connection = self.connect()
        pending = self.hold(connection, 1000, user_data_128=5, user_data_64=6, user_data_32=7, code=77)
        post = self.end(pending, TransferFlags.POST_PENDING_TRANSFER, U128_MAX)
        self.assert_statuses(["created"], connection.create_transfers(post))
        self.assert_balances((0, 1000, 0, 0), connection, pending["debit_account_id"])
        self.assert_balances((0, 0, 0, 1000), connection, pending["credit_account_id"])
        # What was left zero is that of the pending transfer; the amount is what moved.
        (row,) = connection.lookup_transfers(post["id"])
        for name in ("debit_account_id", "credit_account_id", "user_data_128", "user_data_64", "user_data_32", "ledger", "code"):
            self.assertEqual(pending[name], getattr(row, name), name)
        self.assertEqual((1000, pending["id"], 0, post["flags"]), (row.amount, row.pending_id, row.timeout, row.flags))

    def test_post_a_part(self):
        connection = self.connect()
        pending = self.hold(connection, 1000)
        self.assert_statuses(["exceeds_pending_transfer_amount", "created", "pending_transfer_already_posted"],
                             connection.create_transfers(self.end(pending, TransferFlags.POST_PENDING_TRANSFER, 1001),
                                                         self.end(pending, TransferFlags.POST_PENDING_TRANSFER, 400),
                                                         self.end(pending, TransferFlags.POST_PENDING_TRANSFER, 600)))
        self.assert_balances((0, 400, 0, 0), connection, pending["debit_account_id"])

    def test_post_zero_moves_nothing_and_releases_all(self):
        connection = self.connect()
        pending = self.hold(connection, 1000)
        self.assert_statuses(["created"], connection.create_transfers(self.end(pending, TransferFlags.POST_PENDING_TRANSFER, 0)))
        self.assert_balances((0, 0, 0, 0), connection, pending["debit_account_id"])

    def test_void(self):
        connection = self.connect()
        for amount in (0, 1000):
            with self.subTest(amount=amount):
                pending = self.hold(connection, 1000)
                self.assert_statuses(["pending_transfer_has_different_amount", "created", "pending_transfer_already_voided"],
                                     connection.create_transfers(self.end(pending, TransferFlags.VOID_PENDING_TRANSFER, 999),
                                                                 self.end(pending, TransferFlags.VOID_PENDING_TRANSFER, amount),
                                                                 self.end(pending, TransferFlags.VOID_PENDING_TRANSFER, amount)))
                self.assert_balances((0, 0, 0, 0), connection, pending["debit_account_id"])
                self.assert_balances((0, 0, 0, 0), connection, pending["credit_account_id"])

    def test_what_does_not_fit_the_pending_transfer(self):
        connection = self.connect()
        pending = self.hold(connection, 10)
        post = TransferFlags.POST_PENDING_TRANSFER
        ordinary = self.transfer(pending["debit_account_id"], pending["credit_account_id"], 1)
        cases = [
            ("created", ordinary),
            ("flags_are_mutually_exclusive", self.end(pending, post | TransferFlags.VOID_PENDING_TRANSFER)),
            ("pending_id_must_not_be_zero", self.end({"id": 0}, post)),
            ("pending_id_must_not_be_int_max", self.end({"id": U128_MAX}, post)),
            ("pending_id_must_be_different", {**self.end(pending, post), "id": 1, "pending_id": 1}),
            ("timeout_reserved_for_pending_transfer", self.end(pending, post, timeout=1)),
            ("pending_transfer_not_found", self.end({"id": self.new_id()}, post)),
            ("pending_transfer_not_pending", self.end(ordinary, post)),
            ("pending_transfer_has_different_debit_account_id", self.end(pending, post, debit_account_id=1)),
            ("pending_transfer_has_different_credit_account_id", self.end(pending, post, credit_account_id=1)),
            ("pending_transfer_has_different_ledger", self.end(pending, post, ledger=LEDGER + 1)),
            ("pending_transfer_has_different_code", self.end(pending, post, code=2)),
        ]
        self.assert_statuses([name for name, _ in cases], connection.create_transfers(*(event for _, event in cases)))

    def test_balancing_moves_as_much_as_there_is(self):
        connection = self.connect()
        source, middle, target = self.new_accounts(connection, 3)
        everything = self.transfer(middle, target, U128_MAX, flags=TransferFlags.BALANCING_DEBIT)
        self.assert_statuses(["created"] * 2, connection.create_transfers(self.transfer(source, middle, 30), everything))
        (row,) = connection.lookup_transfers(everything["id"])
        self.assertEqual(30, row.amount)
        self.assert_balances((0, 30, 0, 30), connection, middle)

    def test_a_closing_transfer_closes_its_account_until_it_is_voided(self):
        connection = self.connect()
        debit, credit = self.new_accounts(connection, 2)
        closing = self.transfer(debit, credit, 0, flags=TransferFlags.PENDING | TransferFlags.CLOSING_DEBIT)
        self.assert_statuses(["created", "debit_account_already_closed"],
                             connection.create_transfers(closing, self.transfer(debit, credit, 1)))
        self.assertEqual(AccountFlags.CLOSED, self.account(connection, debit).flags)
        self.assert_statuses(["created", "created"], connection.create_transfers(
            self.end(closing, TransferFlags.VOID_PENDING_TRANSFER), self.transfer(debit, credit, 1)))
        self.assertEqual(0, self.account(connection, debit).flags)


class TestClock(ServerTestCase):
    """A server whose time only the test moves."""

    server_arguments = ("--test-clock",)

    def test_a_hold_ends_with_its_timeout(self):
        connection = self.connect()
        debit, credit = self.new_accounts(connection, 2)
        pending = self.transfer(debit, credit, 7, timeout=10, flags=TransferFlags.PENDING)
        self.assert_statuses(["created"], connection.create_transfers(pending))
        connection.clock_advance(9_000_000_000)
        self.assert_balances((7, 0, 0, 0), connection, debit)
        # Each event has taken a nanosecond of its own, ahead of the clock that stands still.
        connection.clock_advance(1_000_001_000)
        post = {"id": self.new_id(), "pending_id": pending["id"], "amount": 7, "flags": TransferFlags.POST_PENDING_TRANSFER}
        self.assert_statuses(["pending_transfer_expired"], connection.create_transfers(post))
        self.assert_balances((0, 0, 0, 0), connection, debit)


class Reads(ServerTestCase):
    def test_lookups_leave_out_what_is_not_there_and_keep_the_order(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        nobody = self.new_id()
        self.assertEqual([b, a, b], [row.id for row in connection.lookup_accounts(b, nobody, a, b)])
        self.assertEqual([], connection.lookup_accounts(nobody))
        transfer = self.transfer(a, b, 3)
        connection.create_transfers(transfer)
        self.assertEqual([transfer["id"]], [row.id for row in connection.lookup_transfers(nobody, transfer["id"])])
        self.assertEqual([], connection.lookup_transfers(nobody))

    def test_transfers_of_an_account(self):
        connection = self.connect()
        a, b, c = self.new_accounts(connection, 3)
        events = [self.transfer(a, b, 1, user_data_64=5), self.transfer(b, a, 2, user_data_32=6), self.transfer(a, c, 3, code=9),
                  self.transfer(b, c, 4), self.transfer(c, a, 5, user_data_128=U128_MAX)]
        reply = connection.create_transfers(*events)
        self.assert_statuses(["created"] * 5, reply)
        times = [outcome.timestamp for outcome in reply.outcomes]
        debits, credits, both = FilterFlags.DEBITS, FilterFlags.CREDITS, FilterFlags.DEBITS | FilterFlags.CREDITS

        def amounts(**account_filter):
            rows = connection.get_account_transfers(**{"account_id": a, "limit": 100, **account_filter})
            return [row.amount for row in rows]

        self.assertEqual([1, 2, 3, 5], amounts(flags=both))
        self.assertEqual([5, 3, 2, 1], amounts(flags=both | FilterFlags.REVERSED))
        self.assertEqual([1, 3], amounts(flags=debits))
        self.assertEqual([2, 5], amounts(flags=credits))
        self.assertEqual([5, 3], amounts(flags=both | FilterFlags.REVERSED, limit=2))
        self.assertEqual([2, 3], amounts(flags=both, timestamp_min=times[1], timestamp_max=times[2]))
        self.assertEqual([1], amounts(flags=both, user_data_64=5))
        self.assertEqual([2], amounts(flags=both, user_data_32=6))
        self.assertEqual([5], amounts(flags=both, user_data_128=U128_MAX))
        self.assertEqual([3], amounts(flags=both, code=9))
        self.assertEqual([], amounts(flags=both, code=9, user_data_64=5))
        self.assertEqual([], amounts(flags=both, account_id=self.new_id()))
        self.assertEqual([1, 2, 3, 5], amounts(flags=both, limit=2**32 - 1))

    def test_more_rows_than_fit_are_paged_through(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        count = 8189 + 10
        for first in range(0, count, 4100):
            connection.create_transfers(*(self.transfer(a, b, amount) for amount in range(first, min(first + 4100, count))))
        page = {"account_id": a, "limit": 2**32 - 1, "flags": FilterFlags.DEBITS}
        rows = connection.get_account_transfers(**page)
        self.assertEqual(8189, len(rows))
        rest = connection.get_account_transfers(**page, timestamp_min=rows.end.resume)
        self.assertEqual(list(range(count)), [row.amount for row in rows + rest])
        self.assertEqual((0, 0), (rest.end.resume, rest.end.resume_expiries))
        self.assertEqual([], connection.get_account_transfers(**page, timestamp_min=rest[-1].timestamp + 1))
        page["flags"] |= FilterFlags.REVERSED
        newest_first = connection.all_pages(connection.get_account_transfers, FilterFlags.REVERSED, **page)
        self.assertEqual(list(reversed(range(count))), [row.amount for row in newest_first])

    def test_balances_of_an_account(self):
        connection = self.connect()
        a = self.new_account(connection, AccountFlags.HISTORY)
        b = self.new_account(connection)
        pending = self.transfer(a, b, 5, flags=TransferFlags.PENDING)
        post = {"id": self.new_id(), "pending_id": pending["id"], "amount": 4, "flags": TransferFlags.POST_PENDING_TRANSFER}
        reply = connection.create_transfers(self.transfer(a, b, 1), self.transfer(b, a, 2), pending, post)
        self.assert_statuses(["created"] * 4, reply)
        both = {"limit": 10, "flags": FilterFlags.DEBITS | FilterFlags.CREDITS}
        rows = connection.get_account_balances(account_id=a, **both)
        self.assertEqual([(0, 1, 0, 0), (0, 1, 0, 2), (5, 1, 0, 2), (0, 5, 0, 2)], [balances_of(row) for row in rows])
        self.assertEqual([outcome.timestamp for outcome in reply.outcomes], [row.timestamp for row in rows])
        self.assertEqual([(0, 0, 0, 1), (0, 2, 0, 1), (0, 2, 5, 1), (0, 2, 0, 5)],
                         [balances_of(row) for row in connection.get_account_balances(account_id=b, **both)])

    def test_transfers_of_the_ledger(self):
        connection = self.connect()
        a = self.new_account(connection, ledger=4711, code=30)
        b = self.new_account(connection, ledger=4711, code=31)
        hold = self.transfer(a, b, 5, ledger=4711, flags=TransferFlags.PENDING)
        void = {"id": self.new_id(), "pending_id": hold["id"], "flags": TransferFlags.VOID_PENDING_TRANSFER}
        reply = connection.create_transfers(self.transfer(a, b, 1, ledger=4711), self.transfer(a, b, 2**100, ledger=4711, code=9), hold, void)
        self.assert_statuses(["created"] * 4, reply)

        def amounts(**query_filter):
            rows = connection.all_pages(connection.query_transfers, QueryFlags.REVERSED, **{"ledger": 4711, "limit": 3, **query_filter})
            return [row.amount for row in rows]

        self.assertEqual([1, 2**100, 5, 5], amounts())
        self.assertEqual([5, 5, 2**100, 1], amounts(flags=QueryFlags.REVERSED))
        self.assertEqual([2**100], amounts(code=9))
        self.assertEqual([2**100], amounts(amount_min=6))
        self.assertEqual([5, 5], amounts(amount_min=5, amount_max=5))
        self.assertEqual([5], amounts(pending_statuses=PendingStatuses.VOIDED))
        self.assertEqual([], amounts(pending_statuses=PendingStatuses.PENDING | PendingStatuses.EXPIRED))
        self.assertEqual([a, b], [row.id for row in connection.query_accounts(ledger=4711, limit=10)])
        self.assertEqual([b], [row.id for row in connection.query_accounts(ledger=4711, code=31, limit=10)])

    def test_change_events(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        hold = self.transfer(a, b, 5, flags=TransferFlags.PENDING | TransferFlags.CLOSING_DEBIT)
        void = {"id": self.new_id(), "pending_id": hold["id"], "flags": TransferFlags.VOID_PENDING_TRANSFER}
        reply = connection.create_transfers(self.transfer(a, b, 1), hold, void)
        self.assert_statuses(["created"] * 3, reply)
        first = reply.outcomes[0].timestamp
        events = connection.all_pages(connection.get_change_events, timestamp_min=first, limit=2)
        self.assertEqual([(0, 1, 0), (1, 5, 0), (3, 5, 0)], [(event.type, event.transfer_amount, event.reserved) for event in events])
        self.assertEqual([outcome.timestamp for outcome in reply.outcomes], [event.timestamp for event in events])
        self.assertEqual([(a, 0, 1), (a, 5, 1), (a, 0, 1)],
                         [(event.debit_id, event.debit_debits_pending, event.debit_debits_posted) for event in events])
        self.assertEqual([0, AccountFlags.CLOSED, 0], [event.debit_flags for event in events])
        self.assertEqual([(b, 0, 1), (b, 5, 1), (b, 0, 1)],
                         [(event.credit_id, event.credit_credits_pending, event.credit_credits_posted) for event in events])

    def test_accounts_as_they_were(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        reply = connection.create_transfers(self.transfer(a, b, 1), self.transfer(a, b, 2))
        between = reply.outcomes[0].timestamp
        rows = connection.get_accounts_at(between, b, self.new_id(), a)
        self.assertEqual([(b, (0, 0, 0, 1)), (a, (0, 1, 0, 0))], [(row.id, balances_of(row)) for row in rows])
        self.assertEqual([], connection.get_accounts_at(self.account(connection, a).timestamp - 1, a, b))
        self.assertEqual(connection.lookup_accounts(a, b), connection.get_accounts_at(0, a, b))

    def test_change_events_of_one_account(self):
        connection = self.connect()
        a, b, c = self.new_accounts(connection, 3)
        connection.create_transfers(self.transfer(a, b, 1), self.transfer(b, c, 2), self.transfer(c, a, 3))
        events = connection.all_pages(connection.get_change_events, account_id=a, limit=1)
        self.assertEqual([(a, 1, b, 0), (c, 0, a, 3)], [(event.debit_id, event.debit_debits_posted, event.credit_id,
                                                         event.credit_credits_posted) for event in events])

    def test_moments(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        reply = connection.create_transfers(self.transfer(a, b, 1), self.transfer(a, b, 2))
        for outcome in reply.outcomes:
            self.assertEqual(connection.get_moment(sequence=outcome.sequence), connection.get_moment(timestamp=outcome.timestamp))
            (moment,) = connection.get_moment(sequence=outcome.sequence)
            self.assertEqual((outcome.sequence, outcome.timestamp), (moment.sequence, moment.timestamp))
        (newest,) = connection.get_moment(sequence=2**64 - 1)
        self.assertGreaterEqual(newest.sequence, reply.sequence)

    def test_trial_balance(self):
        connection = self.connect()
        a, b = (self.new_account(connection, ledger=4712) for _ in range(2))
        first = connection.create_transfers({**self.transfer(a, b, 5), "ledger": 4712})
        connection.create_transfers({**self.transfer(b, a, 7), "ledger": 4712})
        sums, moment = connection.trial_balance(ledger=4712)
        self.assertEqual({4712: (2, 0, 12, 0, 12)}, sums)
        self.assertGreaterEqual(moment, first.timestamp)
        self.assertEqual(({4712: (2, 0, 5, 0, 5)}, first.timestamp), connection.trial_balance(ledger=4712, timestamp=first.timestamp))
        for _, debits_pending, debits, credits_pending, credits in connection.trial_balance()[0].values():
            self.assertEqual((debits_pending, debits), (credits_pending, credits))

    def test_ping_and_reads_name_the_newest_sequence(self):
        connection = self.connect()
        a = self.new_id()
        reply = connection.create_accounts({"id": a, "ledger": LEDGER, "code": 1})
        ping = connection.call(Operation.PING)
        self.assertEqual((b"", 0), (ping.body, ping.count))
        lookup = connection.call(Operation.LOOKUP_ACCOUNTS, a.to_bytes(16, "little"))
        for read in (ping, lookup):
            # The server's own events (expiries) may take sequences too.
            self.assertGreaterEqual(read.sequence, reply.sequence)
            self.assertGreaterEqual(read.timestamp, reply.timestamp)

    def test_status_is_json(self):
        reply = self.connect().call(Operation.STATUS)
        self.assertLessEqual(len(reply.body), 4096)
        status = json.loads(reply.text)
        self.assertIn("sequence", status)
        self.assertEqual(0, reply.count)
        objects = {name: fields for name, fields in status.items() if isinstance(fields, dict)}
        self.assertEqual(set(DOCUMENT.status_fields) - {"", "tigerbeetle"}, set(objects))
        for name, fields in {"": set(status) - set(objects), **objects}.items():
            self.assertLessEqual(set(fields), DOCUMENT.status_fields[name], "fields that the page does not name")

    def test_snapshot(self):
        connection = self.connect()
        self.new_account(connection)
        self.assertEqual(b"", connection.call(Operation.SNAPSHOT).body)


class Extras(ServerTestCase):
    def test_post_balances_of_transfers(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        pending = self.transfer(a, b, 100, flags=TransferFlags.PENDING)
        post = {"id": self.new_id(), "pending_id": pending["id"], "amount": U128_MAX,
                "flags": TransferFlags.POST_PENDING_TRANSFER}
        reply = connection.create_transfers(self.transfer(a, b, 1), pending, self.transfer(a, self.new_id(), 1), post,
                                            flags=POST_BALANCES)
        self.assert_statuses(["created", "created", "credit_account_not_found", "created"], reply)
        self.assertEqual([((0, 1, 0, 0), (0, 0, 0, 1)),
                          ((100, 1, 0, 0), (0, 0, 100, 1)),
                          ((100, 1, 0, 0), (0, 0, 0, 0)),  # there is no such account
                          ((0, 101, 0, 0), (0, 0, 0, 101))], [tuple(map(balances_of, pair)) for pair in reply.post_balances])
        self.assertIsNone(reply.receipt)

    def test_post_balances_of_accounts(self):
        connection = self.connect()
        a = self.new_account(connection)
        b = self.new_account(connection)
        connection.create_transfers(self.transfer(a, b, 9))
        fields = {"ledger": LEDGER, "code": 10}
        reply = connection.create_accounts({**fields, "id": a}, {**fields, "id": self.new_id()}, flags=POST_BALANCES)
        self.assert_statuses(["exists", "created"], reply, DOCUMENT.account_statuses)
        self.assertEqual([((0, 9, 0, 0), (0, 0, 0, 0)), ((0, 0, 0, 0), (0, 0, 0, 0))],
                         [tuple(map(balances_of, pair)) for pair in reply.post_balances])

    def test_the_receipt_stands_behind_everything_else(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        reply = connection.create_transfers(self.transfer(a, b, 1), self.transfer(a, b, 1, code=0),
                                            flags=POST_BALANCES | LATENCY_RECEIPT)
        self.assert_statuses(["created", "code_must_not_be_zero"], reply)
        self.assertEqual(2, len(reply.post_balances))
        self.assertGreater(reply.receipt.durable, 0)
        self.assertEqual(0, reply.receipt.reserved)

    def test_every_operation_gives_a_receipt(self):
        connection = self.connect()
        a = self.new_account(connection)
        account_filter = ACCOUNT_FILTER.pack(account_id=a, limit=1, flags=3)
        an_id = a.to_bytes(16, "little")
        for operation, body in ((Operation.PING, b""), (Operation.STATUS, b""), (Operation.SNAPSHOT, b""),
                                (Operation.LOOKUP_ACCOUNTS, an_id), (Operation.LOOKUP_TRANSFERS, an_id),
                                (Operation.GET_ACCOUNT_TRANSFERS, account_filter),
                                (Operation.GET_ACCOUNT_BALANCES, account_filter),
                                (Operation.QUERY_ACCOUNTS, QUERY_FILTER.pack(limit=1)),
                                (Operation.QUERY_TRANSFERS, QUERY_FILTER.pack(limit=1)),
                                (Operation.GET_CHANGE_EVENTS, EVENTS_FILTER.pack(limit=1)),
                                (Operation.GET_ACCOUNTS_AT, ACCOUNTS_AT.pack() + an_id),
                                (Operation.GET_MOMENT, MOMENT.pack(sequence=1)),
                                (Operation.GET_TRIAL_BALANCE, TRIAL_BALANCE_FILTER.pack())):
            with self.subTest(operation=operation.name):
                reply = connection.call(operation, body, flags=LATENCY_RECEIPT)
                text, receipt = reply.body[:-RECEIPT.size], RECEIPT.unpack(reply.body[-RECEIPT.size:])
                self.assertEqual(0, receipt.reserved)
                self.assertLess(receipt.queue + receipt.execute + receipt.durable, 60_000_000_000)
                if operation == Operation.STATUS:
                    json.loads(text)
                else:
                    row_bytes = {Operation.GET_CHANGE_EVENTS: CHANGE_EVENT.size, Operation.GET_MOMENT: MOMENT.size,
                                 Operation.GET_TRIAL_BALANCE: TRIAL_BALANCE.size}.get(operation, 128)
                    is_query = Operation.GET_ACCOUNT_TRANSFERS <= operation <= Operation.GET_TRIAL_BALANCE
                    self.assertEqual(row_bytes * reply.count + (PAGE_END.size if is_query else 0), len(text))


class ManyInFlight(ServerTestCase):
    def test_each_is_answered_and_matched(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        creates = {}
        others = {}
        for i in range(200):
            if i % 4 == 3:
                others[connection.send(Operation.PING)] = 0
                others[connection.send(Operation.LOOKUP_ACCOUNTS, a.to_bytes(16, "little"))] = 1
            else:
                # The number of events tells the replies apart.
                events = [self.transfer(a, b, 1) for _ in range(1 + i % 3)]
                creates[connection.send_create(Operation.CREATE_TRANSFERS, events)] = len(events)
        for request, rows in reversed(others.items()):
            self.assertEqual(rows, connection.wait(request).count)
        sequences = []
        for request, events in creates.items():
            reply = CreateReply(connection.wait(request), events)
            self.assert_statuses(["created"] * events, reply)
            sequences += [outcome.sequence for outcome in reply.outcomes]
        # Sequenced in the order in which they were sent.
        self.assertEqual(sorted(set(sequences)), sequences)
        self.assert_balances((0, len(sequences), 0, 0), connection, a)

    def test_request_numbers_are_the_clients(self):
        connection = self.connect()
        numbers = [2**64 - 1, 0, 1 << 32, 7]
        connection.send_bytes(b"".join(request_frame(Operation.PING, number) for number in numbers))
        self.assertEqual(set(numbers), {connection.next_reply().request for _ in numbers})

    def test_a_frame_may_arrive_in_pieces(self):
        connection = self.connect()
        a = self.new_account(connection)
        frame = request_frame(Operation.LOOKUP_ACCOUNTS, 5, a.to_bytes(16, "little"))
        for i in range(len(frame)):
            connection.send_bytes(frame[i:i + 1])
        reply = connection.next_reply()
        self.assertEqual((5, 1), (reply.request, reply.count))

    def test_open_replies_come_after_the_end_of_requests(self):
        connection = self.connect()
        requests = [connection.send(Operation.PING) for _ in range(50)]
        connection.end_of_requests()
        for request in requests:
            connection.wait(request)
        with self.assertRaises(ConnectionEnded):
            connection.next_reply()

    def test_the_biggest_request(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        events = [self.transfer(a, b, 1) for _ in range(8190)]
        reply = connection.create_transfers(*events, flags=POST_BALANCES | LATENCY_RECEIPT)
        self.assertEqual([CREATED], sorted({outcome.status for outcome in reply.outcomes}))
        # All of them listed, with balances: the biggest reply there is.
        retry = connection.create_transfers(*events, flags=POST_BALANCES | LATENCY_RECEIPT)
        self.assertEqual(reply.outcomes[0].timestamp, retry.outcomes[0].timestamp)
        self.assert_statuses(["exists"] * 8190, retry)
        self.assertEqual((0, 8190, 0, 0), balances_of(retry.post_balances[-1][0]))
