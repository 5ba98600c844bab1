"""A second implementation of florin's native protocol, for tests.

Written from docs/protocol.md alone, to show that the page suffices to write a client. Not a shipped client: one connection,
one thread, no reconnection. Section numbers in comments are those of the page. Needs the Debian package python3-xxhash.
"""

import select
import socket
import struct
import time
from enum import IntEnum, IntFlag
from types import SimpleNamespace
from typing import NamedTuple

import xxhash

U128_MAX = 2**128 - 1
CREATED = 0xFFFFFFFF


# --- Section 2: frames -----------------------------------------------------------------------------------------------

VERSION = 1
HEADER_SIZE = 64
REPLY_SIZE_MAX = 1_179_488

POST_BALANCES = 1 << 0
LATENCY_RECEIPT = 1 << 1
IS_REPLY = 1 << 15


class Operation(IntEnum):
    HELLO = 1
    PING = 2
    STATUS = 3
    CREATE_ACCOUNTS = 16
    CREATE_TRANSFERS = 17
    LOOKUP_ACCOUNTS = 18
    LOOKUP_TRANSFERS = 19
    GET_ACCOUNT_TRANSFERS = 20
    GET_ACCOUNT_BALANCES = 21
    QUERY_ACCOUNTS = 22
    QUERY_TRANSFERS = 23
    GET_CHANGE_EVENTS = 24
    GET_ACCOUNTS_AT = 25
    GET_MOMENT = 26
    GET_TRIAL_BALANCE = 27
    SNAPSHOT = 32
    CLOCK_ADVANCE = 33
    DROP_HISTORY = 34
    PAYMENTS = 48
    LOOKUP_ORDERS = 49
    FIND_ORDER = 50
    LOOKUP_KEY = 51
    GET_STORY = 52
    QUERY_ORDERS = 53
    GET_PAYMENT_EVENTS = 54
    LOOKUP_PARTIES = 55
    FIND_PARTY = 56
    GET_CREDENTIALS = 57
    VERIFY_CREDENTIAL = 58


class ProtocolError(Exception):
    """The server sent what the protocol does not allow."""


class ConnectionEnded(Exception):
    """The stream ended where a reply was awaited."""


class Refused(Exception):
    """A reply with another code than ok (section 6)."""

    def __init__(self, reply):
        super().__init__(f"code {reply.code}: {reply.text}")
        self.reply = reply


def seal(frame):
    """The frame with its checksums and size set. The body comes first: the header's checksum covers the body's."""
    frame = bytearray(frame)
    frame[8:24] = xxhash.xxh3_128_intdigest(frame[HEADER_SIZE:]).to_bytes(16, "little")
    struct.pack_into("<I", frame, 24, len(frame))
    return seal_header(frame)


def seal_header(frame):
    frame = bytearray(frame)
    struct.pack_into("<Q", frame, 0, xxhash.xxh3_64_intdigest(frame[8:HEADER_SIZE]))
    return bytes(frame)


def request_frame(operation, request, body=b"", flags=0, timeout_ms=0):
    return seal(struct.pack("<24xIBBHQQIIII", 0, VERSION, operation, flags, request, 0, timeout_ms, 0, 0, 0) + body)


class Reply:
    def __init__(self, frame):
        (_, _, _, size, version, self.operation, self.flags, self.request, self.sequence, self.timestamp, self.code,
         self.count) = struct.unpack_from("<QQQIBBHQQQII", frame)
        if version != VERSION or size != len(frame) or not self.flags & IS_REPLY:
            raise ProtocolError(f"version {version}, size {size} of {len(frame)}, flags {self.flags:#x}")
        self.body = frame[HEADER_SIZE:]
        if int.from_bytes(frame[8:24], "little") != xxhash.xxh3_128_intdigest(self.body):
            raise ProtocolError("body checksum")

    @property
    def text(self):
        return self.body.decode()


def size_of_reply(header):
    """The size of the frame that begins with these 64 bytes, which is to be believed only once they are verified."""
    if int.from_bytes(header[:8], "little") != xxhash.xxh3_64_intdigest(header[8:HEADER_SIZE]):
        raise ProtocolError("header checksum")
    size = struct.unpack_from("<I", header, 24)[0]
    if not HEADER_SIZE <= size <= REPLY_SIZE_MAX:
        raise ProtocolError(f"size {size}")
    return size


# --- Section 4.2: records --------------------------------------------------------------------------------------------


class Layout:
    """Named little-endian integers, one after the other: (name, bytes)."""

    def __init__(self, *fields):
        self.fields = fields
        self.size = sum(width for _, width in fields)

    def pack(self, **values):
        packed = b"".join(values.pop(name, 0).to_bytes(width, "little") for name, width in self.fields)
        if values:
            raise TypeError(f"no such field: {', '.join(values)}")
        return packed

    def unpack(self, data):
        values, offset = {}, 0
        for name, width in self.fields:
            values[name] = int.from_bytes(data[offset:offset + width], "little")
            offset += width
        return SimpleNamespace(**values)

    def unpack_all(self, data):
        if len(data) % self.size:
            raise ProtocolError(f"{len(data)} bytes are no rows of {self.size}")
        return [self.unpack(data[at:at + self.size]) for at in range(0, len(data), self.size)]


class AccountFlags(IntFlag):
    LINKED = 1 << 0
    DEBITS_MUST_NOT_EXCEED_CREDITS = 1 << 1
    CREDITS_MUST_NOT_EXCEED_DEBITS = 1 << 2
    HISTORY = 1 << 3
    IMPORTED = 1 << 4
    CLOSED = 1 << 5


class TransferFlags(IntFlag):
    LINKED = 1 << 0
    PENDING = 1 << 1
    POST_PENDING_TRANSFER = 1 << 2
    VOID_PENDING_TRANSFER = 1 << 3
    BALANCING_DEBIT = 1 << 4
    BALANCING_CREDIT = 1 << 5
    CLOSING_DEBIT = 1 << 6
    CLOSING_CREDIT = 1 << 7
    IMPORTED = 1 << 8


class FilterFlags(IntFlag):
    DEBITS = 1 << 0
    CREDITS = 1 << 1
    REVERSED = 1 << 2


class QueryFlags(IntFlag):
    REVERSED = 1 << 0


class PendingStatuses(IntFlag):
    NONE = 1 << 0
    PENDING = 1 << 1
    POSTED = 1 << 2
    VOIDED = 1 << 3
    EXPIRED = 1 << 4


BALANCES = (("debits_pending", 16), ("debits_posted", 16), ("credits_pending", 16), ("credits_posted", 16))

ACCOUNT = Layout(("id", 16), *BALANCES, ("user_data_128", 16), ("user_data_64", 8), ("user_data_32", 4), ("reserved", 4),
                 ("ledger", 4), ("code", 2), ("flags", 2), ("timestamp", 8))
TRANSFER = Layout(("id", 16), ("debit_account_id", 16), ("credit_account_id", 16), ("amount", 16), ("pending_id", 16),
                  ("user_data_128", 16), ("user_data_64", 8), ("user_data_32", 4), ("timeout", 4), ("ledger", 4), ("code", 2),
                  ("flags", 2), ("timestamp", 8))
ACCOUNT_FILTER = Layout(("account_id", 16), ("user_data_128", 16), ("user_data_64", 8), ("user_data_32", 4), ("code", 2),
                        ("pending_statuses", 1), ("reserved0", 1), ("amount_min", 16), ("amount_max", 16), ("reserved", 24),
                        ("timestamp_min", 8), ("timestamp_max", 8), ("limit", 4), ("flags", 4))
QUERY_FILTER = Layout(("user_data_128", 16), ("user_data_64", 8), ("user_data_32", 4), ("ledger", 4), ("code", 2), ("reserved0", 6),
                      ("timestamp_min", 8), ("timestamp_max", 8), ("limit", 4), ("flags", 4), ("amount_min", 16),
                      ("amount_max", 16), ("pending_statuses", 1), ("reserved", 31))
EVENTS_FILTER = Layout(("timestamp_min", 8), ("timestamp_max", 8), ("limit", 4), ("reserved0", 4), ("expiries_timestamp_min", 8),
                       ("account_id", 16), ("reserved", 16))
ACCOUNTS_AT = Layout(("timestamp", 8), ("reserved", 8))
MOMENT = Layout(("sequence", 8), ("timestamp", 8))
TRIAL_BALANCE_FILTER = Layout(("timestamp", 8), ("timestamp_min", 8), ("ledger", 4), ("reserved", 12))
TRIAL_BALANCE = Layout(*BALANCES, ("accounts", 8), ("ledger", 4), ("reserved", 4))
PAGE_END = Layout(("resume", 8), ("resume_expiries", 8))
ACCOUNT_BALANCE = Layout(*BALANCES, ("timestamp", 8), ("reserved", 56))
CHANGE_EVENT = Layout(
    ("transfer_id", 16), ("transfer_amount", 16), ("transfer_pending_id", 16), ("transfer_user_data_128", 16),
    ("transfer_user_data_64", 8), ("transfer_user_data_32", 4), ("transfer_timeout", 4), ("transfer_code", 2),
    ("transfer_flags", 2), ("ledger", 4), ("type", 1), ("reserved", 7), ("sequence", 8), ("reserved2", 24),
    *((side + name, width) for side in ("debit_", "credit_")
      for name, width in (("id", 16), *BALANCES, ("user_data_128", 16), ("user_data_64", 8), ("user_data_32", 4), ("code", 2),
                          ("flags", 2))),
    ("timestamp", 8), ("transfer_timestamp", 8), ("debit_timestamp", 8), ("credit_timestamp", 8))
FOUR_BALANCES = Layout(*BALANCES)
RECEIPT = Layout(("queue", 8), ("execute", 8), ("durable", 8), ("reserved", 8))
ENTRY = Layout(("index", 4), ("status", 4), ("timestamp", 8))
HELLO = Layout(("principal", 16), ("client", 16), ("reserved", 32))
WELCOME = Layout(("store_id", 16), ("events_max", 4), ("in_flight_max", 4), ("partitions", 4), ("reserved", 36))


# --- Section 4.4: queries ---------------------------------------------------------------------------------------------


class Page(list):
    """Rows of one reply, and where the next page starts."""

    def __init__(self, reply, layout):
        end = reply.count * layout.size
        if len(reply.body) != end + PAGE_END.size:
            raise ProtocolError(f"{len(reply.body)} bytes where {end} and the end of a page were due")
        super().__init__(layout.unpack_all(reply.body[:end]))
        self.end = PAGE_END.unpack(reply.body[end:])


# --- Section 4.1: the reply to create_accounts and create_transfers --------------------------------------------------


class Outcome(NamedTuple):
    status: int
    timestamp: int
    sequence: int


class CreateReply:
    """An outcome for each of `events` events, the listed and the unlisted; post-balances and receipt where asked for."""

    def __init__(self, reply, events):
        self.sequence, self.timestamp = reply.sequence, reply.timestamp
        balances_at = reply.count * ENTRY.size
        receipt_at = balances_at + (events * 2 * FOUR_BALANCES.size if reply.flags & POST_BALANCES else 0)
        end = receipt_at + (RECEIPT.size if reply.flags & LATENCY_RECEIPT else 0)
        if len(reply.body) != end:
            raise ProtocolError(f"{len(reply.body)} bytes where {end} were due")

        entries = ENTRY.unpack_all(reply.body[:balances_at])
        indices = [entry.index for entry in entries]
        if indices != sorted(set(indices)) or (indices and indices[-1] >= events):
            raise ProtocolError(f"indices {indices} of {events} events")
        listed = {entry.index: entry for entry in entries}
        self.outcomes = []
        for i in range(events):
            before_last = events - 1 - i
            entry = listed.get(i)
            self.outcomes.append(Outcome(entry.status if entry else CREATED,
                                         entry.timestamp if entry else reply.timestamp - before_last,
                                         reply.sequence - before_last))

        balances = FOUR_BALANCES.unpack_all(reply.body[balances_at:receipt_at])
        self.post_balances = list(zip(balances[0::2], balances[1::2]))
        self.receipt = RECEIPT.unpack(reply.body[receipt_at:]) if end > receipt_at else None


# --- Section 3: conversation -----------------------------------------------------------------------------------------


class Connection:
    """One connection to a server on this machine. Requests are sent with `send`, any number of them, and their replies taken
    with `wait` in any order; `call` does both."""

    def __init__(self, port, timeout_s=30):
        self.timeout_s = timeout_s
        self._socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._received = bytearray()
        self._replies = {}  # arrived, not yet waited for
        self._open = {}     # request -> (operation, flags)
        self._last_request = 0
        self._at_end = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def hello(self, principal=0, client=0, **header):
        reply = self.call(Operation.HELLO, HELLO.pack(principal=principal, client=client), **header)
        return WELCOME.unpack(reply.body)

    def send(self, operation, body=b"", flags=0, timeout_ms=0):
        """Sends a request and returns its number."""
        self._last_request += 1
        self._open[self._last_request] = (operation, flags)
        self.send_bytes(request_frame(operation, self._last_request, body, flags, timeout_ms))
        return self._last_request

    def send_bytes(self, data):
        """Goes on reading while it writes (section 9): a server that cannot send replies stops reading requests."""
        unsent = memoryview(data)
        deadline = time.monotonic() + self.timeout_s
        while unsent:
            readable, writable = self._ready(deadline, [self._socket] if not self._at_end else [], [self._socket])
            if readable:
                self._read()
            if writable:
                unsent = unsent[self._socket.send(unsent):]

    def end_of_requests(self):
        """Ends this half of the stream; open replies still come."""
        self._socket.shutdown(socket.SHUT_WR)

    def wait(self, request):
        """The reply to `request`; raises Refused when its code is not ok."""
        deadline = time.monotonic() + self.timeout_s
        while request not in self._replies:
            reply = self._next_reply(deadline)
            expected = self._open.pop(reply.request, None)
            if expected is None:
                raise ProtocolError(f"a reply to request {reply.request}, which is not open: code {reply.code}, {reply.body}")
            if (reply.operation, reply.flags) != (expected[0], expected[1] | IS_REPLY):
                raise ProtocolError(f"operation {reply.operation}, flags {reply.flags:#x} to {expected}")
            self._replies[reply.request] = reply
        reply = self._replies.pop(request)
        if reply.code != 0:
            raise Refused(reply)
        return reply

    def next_reply(self):
        """The reply that arrives next, whatever it answers. For tests that look at the stream itself."""
        return self._next_reply(time.monotonic() + self.timeout_s)

    def call(self, operation, body=b"", **header):
        return self.wait(self.send(operation, body, **header))

    # One function for each operation that has a body.

    def send_create(self, operation, events, **header):
        layout = ACCOUNT if operation == Operation.CREATE_ACCOUNTS else TRANSFER
        return self.send(operation, b"".join(layout.pack(**event) for event in events), **header)

    def create_accounts(self, *accounts, **header):
        return CreateReply(self.wait(self.send_create(Operation.CREATE_ACCOUNTS, accounts, **header)), len(accounts))

    def create_transfers(self, *transfers, **header):
        return CreateReply(self.wait(self.send_create(Operation.CREATE_TRANSFERS, transfers, **header)), len(transfers))

    def lookup_accounts(self, *ids):
        return self._rows(Operation.LOOKUP_ACCOUNTS, b"".join(i.to_bytes(16, "little") for i in ids), ACCOUNT)

    def lookup_transfers(self, *ids):
        return self._rows(Operation.LOOKUP_TRANSFERS, b"".join(i.to_bytes(16, "little") for i in ids), TRANSFER)

    def get_account_transfers(self, **account_filter):
        return Page(self.call(Operation.GET_ACCOUNT_TRANSFERS, ACCOUNT_FILTER.pack(**account_filter)), TRANSFER)

    def get_account_balances(self, **account_filter):
        return Page(self.call(Operation.GET_ACCOUNT_BALANCES, ACCOUNT_FILTER.pack(**account_filter)), ACCOUNT_BALANCE)

    def query_accounts(self, **query_filter):
        return Page(self.call(Operation.QUERY_ACCOUNTS, QUERY_FILTER.pack(**query_filter)), ACCOUNT)

    def query_transfers(self, **query_filter):
        return Page(self.call(Operation.QUERY_TRANSFERS, QUERY_FILTER.pack(**query_filter)), TRANSFER)

    def get_change_events(self, **events_filter):
        return Page(self.call(Operation.GET_CHANGE_EVENTS, EVENTS_FILTER.pack(**events_filter)), CHANGE_EVENT)

    def get_accounts_at(self, timestamp, *ids):
        body = ACCOUNTS_AT.pack(timestamp=timestamp) + b"".join(i.to_bytes(16, "little") for i in ids)
        return Page(self.call(Operation.GET_ACCOUNTS_AT, body), ACCOUNT)

    def get_moment(self, **moment):
        return Page(self.call(Operation.GET_MOMENT, MOMENT.pack(**moment)), MOMENT)

    def get_trial_balance(self, **trial_balance_filter):
        return Page(self.call(Operation.GET_TRIAL_BALANCE, TRIAL_BALANCE_FILTER.pack(**trial_balance_filter)), TRIAL_BALANCE)

    def trial_balance(self, **values):
        """The pages added up: ledger -> (accounts, the four balances), and the moment they are of."""
        sums = {}
        while True:
            page = self.get_trial_balance(**values)
            for row in page:
                part = (row.accounts, row.debits_pending, row.debits_posted, row.credits_pending, row.credits_posted)
                sums[row.ledger] = tuple(map(sum, zip(sums.get(row.ledger, (0,) * 5), part)))
            if page.end.resume == 0:
                return sums, page.end.resume_expiries
            values.update(timestamp_min=page.end.resume, timestamp=page.end.resume_expiries)

    @staticmethod
    def all_pages(query, reversed_bit=0, **values):
        """The rows of all pages of a query whose filter is `values`."""
        rows = []
        while True:
            page = query(**values)
            rows += page
            if page.end.resume == 0:
                return rows
            values["timestamp_max" if values.get("flags", 0) & reversed_bit else "timestamp_min"] = page.end.resume
            if page.end.resume_expiries:
                values["expiries_timestamp_min"] = page.end.resume_expiries

    def clock_advance(self, nanoseconds):
        return self.call(Operation.CLOCK_ADVANCE, struct.pack("<Q", nanoseconds))

    def _rows(self, operation, body, layout):
        reply = self.call(operation, body)
        rows = layout.unpack_all(reply.body)
        if len(rows) != reply.count:
            raise ProtocolError(f"{len(rows)} rows, count {reply.count}")
        return rows

    def _next_reply(self, deadline):
        while True:
            if len(self._received) >= HEADER_SIZE:
                size = size_of_reply(self._received[:HEADER_SIZE])
                if len(self._received) >= size:
                    frame = bytes(self._received[:size])
                    del self._received[:size]
                    return Reply(frame)
            if self._at_end:
                if self._received:
                    raise ProtocolError(f"the stream ended inside a frame, after {len(self._received)} bytes")
                raise ConnectionEnded()
            self._ready(deadline, [self._socket], [])
            self._read()

    def _ready(self, deadline, readers, writers):
        readable, writable, _ = select.select(readers, writers, [], max(0, deadline - time.monotonic()))
        if not readable and not writable:
            raise TimeoutError(f"nothing moved for {self.timeout_s} s; whether open requests took effect is unknown")
        return readable, writable

    def _read(self):
        data = self._socket.recv(1 << 18)
        self._received += data
        self._at_end = not data
