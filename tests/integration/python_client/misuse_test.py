"""What the page says about frames and requests that are wrong, and about deadlines."""

import struct

from florin_client import (ACCOUNT_FILTER, ACCOUNTS_AT, EVENTS_FILTER, HEADER_SIZE, HELLO, LATENCY_RECEIPT, MOMENT, POST_BALANCES,
                           QUERY_FILTER, TRANSFER, TRIAL_BALANCE_FILTER, U128_MAX, ConnectionEnded, CreateReply, Operation, Refused, request_frame,
                           seal_header)
from support import DOCUMENT, LEDGER, ServerTestCase

NUMBER = 0xFEDC_0000_0000_0009
ONE_ID = (1).to_bytes(16, "little")
PING = request_frame(Operation.PING, 1)
LOOKUP = request_frame(Operation.LOOKUP_ACCOUNTS, NUMBER, ONE_ID)


def flipped(frame, at):
    return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1:]


def with_header(frame, at, form, value):
    """The frame with one field of the header changed, and a header checksum that agrees."""
    changed = bytearray(frame)
    struct.pack_into(form, changed, at, value)
    return seal_header(changed)


class MisuseTestCase(ServerTestCase):
    def assert_error(self, code, reply, operation, request=NUMBER, flags=0):
        names = {number: name for name, number in DOCUMENT.codes.items()}
        self.assertEqual(code, names.get(reply.code, reply.code))
        self.assertEqual((operation, request, flags), (reply.operation, reply.request, reply.flags & 0x7FFF))
        self.assertEqual(0, reply.count)
        self.assertNotEqual("", reply.text)

    def assert_end(self, connection):
        with self.assertRaises(ConnectionEnded):
            connection.next_reply()

    def assert_refused(self, code, frame, operation, flags=0):
        """The frame is answered with a code after which the connection goes on."""
        self.assertNotIn(code, DOCUMENT.closing_codes)
        connection = self.connect()
        connection.send_bytes(frame)
        self.assert_error(code, connection.next_reply(), operation, flags=flags)
        connection.send_bytes(PING)
        self.assertEqual((1, 0), ((reply := connection.next_reply()).request, reply.code))

    def assert_fatal(self, code, frame, operation, request=NUMBER, hello=True, flags=0):
        """The frame is answered with a code that closes the connection; what is sent after it is not answered."""
        connection = self.connect(hello)
        connection.send_bytes(frame + PING)
        self.assert_error(code, connection.next_reply(), operation, request, flags)
        self.assert_end(connection)


class Frames(MisuseTestCase):
    def test_a_header_that_cannot_be_believed(self):
        for at in (0, 7, 8, 23, 24, 29, 30, 32, 48, HEADER_SIZE - 1):
            with self.subTest(byte=at):
                self.assert_fatal("malformed_frame", flipped(LOOKUP, at), operation=0, request=0)
        self.assert_fatal("malformed_frame", b"GET / HTTP/1.1\r\n" * 4, operation=0, request=0)
        self.assert_fatal("malformed_frame", flipped(LOOKUP, 5), operation=0, request=0, hello=False)

    def test_a_wrong_body_checksum(self):
        for at in (HEADER_SIZE, len(LOOKUP) - 1):
            self.assert_fatal("malformed_frame", flipped(LOOKUP, at), Operation.LOOKUP_ACCOUNTS)
        # Of an empty body too.
        ping = request_frame(Operation.PING, NUMBER)
        self.assert_fatal("malformed_frame", with_header(ping, 8, "<Q", 0), Operation.PING)

    def test_another_version(self):
        for version in (0, 2, 255):
            self.assert_fatal("malformed_frame", with_header(LOOKUP, 28, "<B", version), Operation.LOOKUP_ACCOUNTS)

    def test_sizes_outside_the_limits(self):
        for size in (0, 63, 1_048_385, 2**32 - 1):
            self.assert_fatal("malformed_frame", with_header(LOOKUP, 24, "<I", size), Operation.LOOKUP_ACCOUNTS)

    def test_reserved_bits(self):
        for at, form in ((40, "<Q"), (52, "<I"), (56, "<I"), (60, "<I")):
            self.assert_fatal("malformed_frame", with_header(LOOKUP, at, form, 1), Operation.LOOKUP_ACCOUNTS)
        for bit in range(2, 16):
            # The flags that version 1 does not know are not repeated.
            frame = request_frame(Operation.LOOKUP_ACCOUNTS, NUMBER, ONE_ID, flags=LATENCY_RECEIPT | 1 << bit)
            self.assert_fatal("malformed_frame", frame, Operation.LOOKUP_ACCOUNTS, flags=LATENCY_RECEIPT)

    def test_an_end_inside_a_frame(self):
        for length, operation, request in ((HEADER_SIZE, Operation.LOOKUP_ACCOUNTS, NUMBER),
                                           (len(LOOKUP) - 1, Operation.LOOKUP_ACCOUNTS, NUMBER)):
            connection = self.connect()
            connection.send_bytes(LOOKUP[:length])
            connection.end_of_requests()
            self.assert_error("malformed_frame", connection.next_reply(), operation, request)
            self.assert_end(connection)

    def test_an_end_inside_a_header_is_no_answer_to_the_request_before(self):
        """A reply "nothing happened" that names a request which is carried out would make a client pay twice."""
        connection = self.connect()
        account = {"id": self.new_id(), "ledger": LEDGER, "code": 1}
        open_request = connection.send_create(Operation.CREATE_ACCOUNTS, [account] * 8190)
        connection.send_bytes(LOOKUP[:20])
        connection.end_of_requests()
        replies = {reply.request: reply for reply in (connection.next_reply(), connection.next_reply())}
        self.assertEqual({0, open_request}, set(replies))
        self.assert_error("malformed_frame", replies[0], operation=0, request=0)
        self.assertEqual((Operation.CREATE_ACCOUNTS, 0), (replies[open_request].operation, replies[open_request].code))
        self.assert_end(connection)

        silent = self.connect(hello=False)
        silent.send_bytes(request_frame(Operation.HELLO, NUMBER, HELLO.pack(principal=1))[:HEADER_SIZE - 1])
        silent.end_of_requests()
        self.assert_error("malformed_frame", silent.next_reply(), operation=0, request=0)

    def test_earlier_requests_are_answered_although_the_connection_closes(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        requests = [connection.send_create(Operation.CREATE_TRANSFERS, [self.transfer(a, b, 1)]) for _ in range(20)]
        connection.send_bytes(flipped(LOOKUP, 0) + PING)
        replies = {}
        with self.assertRaises(ConnectionEnded):
            while True:
                reply = connection.next_reply()
                replies[reply.request] = reply
        self.assert_error("malformed_frame", replies.pop(0), operation=0, request=0)
        self.assertEqual(sorted(requests), sorted(replies))
        self.assertEqual({0}, {reply.code for reply in replies.values()})
        self.assert_balances((0, 20, 0, 0), self.connect(), a)


class HelloFirst(MisuseTestCase):
    def test_anything_else_before_hello(self):
        for operation in (Operation.PING, Operation.LOOKUP_ACCOUNTS, 99):
            self.assert_fatal("hello_required", request_frame(operation, NUMBER, ONE_ID), operation, hello=False)

    def test_an_unsound_hello(self):
        hello = HELLO.pack(principal=1, client=2)
        for body, flags in ((hello[:-1], 0), (hello + b"\0", 0), (b"", 0), (HELLO.pack(reserved=1), 0), (hello, POST_BALANCES),
                            (hello, LATENCY_RECEIPT)):
            frame = request_frame(Operation.HELLO, NUMBER, body, flags)
            self.assert_fatal("malformed_body", frame, Operation.HELLO, hello=False, flags=flags)

    def test_a_second_hello(self):
        self.assert_refused("malformed_body", request_frame(Operation.HELLO, NUMBER, HELLO.pack(principal=1)), Operation.HELLO)


class Bodies(MisuseTestCase):
    def test_unknown_operations(self):
        for operation in sorted(set(range(256)) - set(DOCUMENT.operations.values())):
            self.assert_refused("unknown_operation", request_frame(operation, NUMBER, ONE_ID), operation)

    def test_wrong_sizes(self):
        cases = [(Operation.PING, 1), (Operation.STATUS, 128), (Operation.SNAPSHOT, 16), (Operation.CLOCK_ADVANCE, 7),
                 (Operation.CLOCK_ADVANCE, 0), (Operation.GET_ACCOUNT_TRANSFERS, 127), (Operation.GET_ACCOUNT_BALANCES, 256),
                 (Operation.QUERY_ACCOUNTS, 64), (Operation.QUERY_TRANSFERS, 127), (Operation.GET_CHANGE_EVENTS, 128),
                 (Operation.GET_ACCOUNTS_AT, 16), (Operation.GET_ACCOUNTS_AT, 33), (Operation.GET_ACCOUNTS_AT, 16 * 8191)]
        for operation in (Operation.CREATE_ACCOUNTS, Operation.CREATE_TRANSFERS):
            cases += [(operation, size) for size in (0, 1, 127, 129)]
        for operation in (Operation.LOOKUP_ACCOUNTS, Operation.LOOKUP_TRANSFERS):
            cases += [(operation, size) for size in (0, 15, 17)]
        for operation, size in cases:
            with self.subTest(operation=operation.name, size=size):
                self.assert_refused("malformed_body", request_frame(operation, NUMBER, b"\1" * size), operation)

    def test_too_many_events(self):
        for operation in (Operation.LOOKUP_ACCOUNTS, Operation.LOOKUP_TRANSFERS):
            self.assert_refused("malformed_body", request_frame(operation, NUMBER, ONE_ID * 8191), operation)
        # 8,191 records are more than a frame may have.
        for operation in (Operation.CREATE_ACCOUNTS, Operation.CREATE_TRANSFERS):
            self.assert_fatal("malformed_frame", request_frame(operation, NUMBER, bytes(128 * 8191)), operation)

    def test_post_balances_where_they_do_not_belong(self):
        for operation, body in ((Operation.PING, b""), (Operation.STATUS, b""), (Operation.LOOKUP_ACCOUNTS, ONE_ID),
                                (Operation.GET_ACCOUNT_TRANSFERS, ACCOUNT_FILTER.pack(account_id=1, limit=1, flags=1))):
            frame = request_frame(operation, NUMBER, body, POST_BALANCES)
            self.assert_refused("malformed_body", frame, operation, POST_BALANCES)

    def test_unsound_filters(self):
        sound = {"account_id": 1, "limit": 1, "flags": 3}
        for operation in (Operation.GET_ACCOUNT_TRANSFERS, Operation.GET_ACCOUNT_BALANCES):
            for field, change in (("account_id", {"account_id": 0}), ("account_id", {"account_id": U128_MAX}),
                                  ("limit", {"limit": 0}),
                                  ("flags", {"flags": 0}), ("flags", {"flags": 4}), ("flags", {"flags": 9}),
                                  ("reserved", {"reserved": 1 << 184}), ("reserved", {"reserved0": 1}),
                                  ("pending_statuses", {"pending_statuses": 32}),
                                  ("amount_min", {"amount_min": 2, "amount_max": 1}), ("timestamp_min", {"timestamp_min": 1 << 63}),
                                  ("timestamp_max", {"timestamp_max": 1 << 63}),
                                  ("timestamp_min", {"timestamp_min": 5, "timestamp_max": 4})):
                with self.subTest(operation=operation.name, change=change):
                    connection = self.connect()
                    connection.send_bytes(request_frame(operation, NUMBER, ACCOUNT_FILTER.pack(**{**sound, **change})))
                    reply = connection.next_reply()
                    self.assert_error("invalid_filter", reply, operation)
                    self.assertIn(field, reply.text)

    def test_unsound_queries(self):
        accounts, transfers, events = Operation.QUERY_ACCOUNTS, Operation.QUERY_TRANSFERS, Operation.GET_CHANGE_EVENTS
        for operation, field, body in (
                (accounts, "limit", QUERY_FILTER.pack()),
                (accounts, "amount_min", QUERY_FILTER.pack(limit=1, amount_min=1)),
                (accounts, "pending_statuses", QUERY_FILTER.pack(limit=1, pending_statuses=1)),
                (transfers, "flags", QUERY_FILTER.pack(limit=1, flags=2)),
                (transfers, "reserved", QUERY_FILTER.pack(limit=1, reserved=1 << 240)),
                (transfers, "timestamp_min", QUERY_FILTER.pack(limit=1, timestamp_min=2, timestamp_max=1)),
                (events, "limit", EVENTS_FILTER.pack()),
                (events, "expiries_timestamp_min", EVENTS_FILTER.pack(limit=1, expiries_timestamp_min=1 << 63)),
                (events, "reserved", EVENTS_FILTER.pack(limit=1, reserved0=1)),
                (events, "account_id", EVENTS_FILTER.pack(limit=1, account_id=2**128 - 1)),
                (Operation.GET_MOMENT, "sequence", MOMENT.pack()),
                (Operation.GET_MOMENT, "sequence", MOMENT.pack(sequence=1, timestamp=1)),
                (Operation.GET_MOMENT, "timestamp", MOMENT.pack(timestamp=1 << 63)),
                (Operation.GET_TRIAL_BALANCE, "timestamp", TRIAL_BALANCE_FILTER.pack(timestamp=1 << 63)),
                (Operation.GET_TRIAL_BALANCE, "reserved", TRIAL_BALANCE_FILTER.pack(reserved=1)),
                (Operation.GET_ACCOUNTS_AT, "timestamp", ACCOUNTS_AT.pack(timestamp=1 << 63) + ONE_ID),
                (Operation.GET_ACCOUNTS_AT, "reserved", ACCOUNTS_AT.pack(reserved=1) + ONE_ID)):
            with self.subTest(operation=operation.name, field=field):
                connection = self.connect()
                connection.send_bytes(request_frame(operation, NUMBER, body))
                reply = connection.next_reply()
                self.assert_error("invalid_filter", reply, operation)
                self.assertIn(field, reply.text)

    def test_clock_advance_is_for_test_clocks(self):
        self.assert_refused("not_permitted", request_frame(Operation.CLOCK_ADVANCE, NUMBER, bytes(8)), Operation.CLOCK_ADVANCE)

    def test_a_refused_request_with_a_receipt_flag_has_only_text(self):
        connection = self.connect()
        connection.send_bytes(request_frame(99, NUMBER, flags=LATENCY_RECEIPT))
        self.assertTrue(connection.next_reply().text.isprintable())


class Connections(MisuseTestCase):
    server_arguments = ("--connections-max", "2")

    def test_too_many(self):
        taken = [self.connect(), self.connect()]
        third = self.connect(hello=False)
        self.assert_error("too_many_connections", third.next_reply(), Operation.HELLO, request=0)
        self.assert_end(third)
        for connection in taken:
            connection.call(Operation.PING)


class Deadlines(MisuseTestCase):
    def test_a_request_past_its_deadline_did_nothing(self):
        """Big requests of one connection keep the ledger busy; small ones of another have a deadline of a millisecond. Whether a
        small one is late is up to the machine, so rounds are played until one was."""
        busy, hasty = self.connect(), self.connect()
        a, b = self.new_accounts(busy, 2)
        big = [self.transfer(a, b, 0) for _ in range(8190)]
        busy.create_transfers(*big)
        big_body = b"".join(TRANSFER.pack(**transfer) for transfer in big)
        late, in_time = [], 0
        for _ in range(100):
            retries = [busy.send(Operation.CREATE_TRANSFERS, big_body) for _ in range(8)]
            small = [self.transfer(a, b, 1) for _ in range(20)]
            requests = [hasty.send_create(Operation.CREATE_TRANSFERS, [transfer], timeout_ms=1) for transfer in small]
            for request, transfer in zip(requests, small):
                try:
                    self.assert_statuses(["created"], CreateReply(hasty.wait(request), 1))
                    in_time += 1
                except Refused as refused:
                    self.assertEqual(DOCUMENT.codes["deadline_exceeded"], refused.reply.code)
                    late.append(transfer)
            for request in retries:
                busy.wait(request)
            if late:
                break
        self.assertTrue(late)
        self.assertEqual([], hasty.lookup_transfers(*(transfer["id"] for transfer in late)))
        self.assert_balances((0, in_time, 0, 0), hasty, a)
        # "The same request may be sent again": the ids are free.
        self.assert_statuses(["created"] * len(late), hasty.create_transfers(*late, timeout_ms=60_000))
