#!/usr/bin/env python3
"""Copies a whole ledger, with its history, out of TigerBeetle into an empty florin: "Migrating" in docs/tigerbeetle-compatibility.md.

    pip install tigerbeetle==0.17.9
    migrate_from_tigerbeetle.py SOURCE TARGET [CLUSTER]      addresses, as 127.0.0.1:3001; the cluster id is that of both

Nobody may write to either side meanwhile. What was interrupted is run again, and goes on after what is there. It needs memory for the
timestamps of all accounts and for the holds that have a time-out.
"""
import heapq
import sys
import time
from dataclasses import replace

import tigerbeetle as tb

BATCH_MAX = 8189
NS_PER_S = 10**9
EITHER_SIDE = tb.AccountFilterFlags.DEBITS | tb.AccountFilterFlags.CREDITS


class Failed(Exception):
    pass


def page_of(query, begin=0, limit=BATCH_MAX, flags=tb.QueryFilterFlags.NONE):
    return query(tb.QueryFilter(user_data_128=0, user_data_64=0, user_data_32=0, ledger=0, code=0, timestamp_min=begin, timestamp_max=0, limit=limit,
                                flags=flags))


def in_order(query):
    """All records that query_accounts or query_transfers gives, page by page."""
    begin = 0
    while page := page_of(query, begin):
        yield from page
        begin = page[-1].timestamp + 1


def last_timestamp(query):
    return next((last.timestamp for last in page_of(query, limit=1, flags=tb.QueryFilterFlags.REVERSED)), 0)


def has_transfers(source, account):
    return bool(source.get_account_transfers(tb.AccountFilter(account_id=account.id, user_data_128=0, user_data_64=0, user_data_32=0, code=0,
                                                              timestamp_min=0, timestamp_max=0, limit=1, flags=EITHER_SIDE)))


def account_to_import(source, account):
    """As it was created. One that is closed and has transfers was closed by one of them, and will be again."""
    flags = account.flags | tb.AccountFlags.IMPORTED
    if flags & tb.AccountFlags.CLOSED and has_transfers(source, account):
        flags &= ~tb.AccountFlags.CLOSED
    return replace(account, flags=flags, debits_pending=0, debits_posted=0, credits_pending=0, credits_posted=0)


class Holds:
    """Those with a time-out. An imported hold has none, so what expired is voided, at its time or at the first nanosecond after it that nothing else
    has: not later than it expired, so that no account has less to spend than it had."""

    def __init__(self, account_timestamps):
        self._taken = account_timestamps
        self._open = {}
        self._due = []

    def see(self, transfer):
        if transfer.pending_id:
            self._open.pop(transfer.pending_id, None)
        elif transfer.timeout:
            self._open[transfer.id] = transfer
            heapq.heappush(self._due, (transfer.timestamp + transfer.timeout * NS_PER_S, transfer.id))

    def expired(self, after, before):
        """Voids of those whose time came, with timestamps between these two."""
        while self._due and self._due[0][0] < before:
            if self._due[0][1] in self._open:
                after = self._first_free(max(self._due[0][0], after + 1))
                if after >= before:
                    return
                yield self._void(self._open.pop(self._due[0][1]), after)
            heapq.heappop(self._due)

    def open(self):
        return list(self._open.values())

    def _first_free(self, timestamp):
        while timestamp in self._taken:
            timestamp += 1
        return timestamp

    @staticmethod
    def _void(hold, timestamp):
        """Its id is the hold's with the highest bit turned over, so that it can be found."""
        return replace(hold, id=hold.id ^ 1 << 127, pending_id=hold.id, timeout=0, timestamp=timestamp,
                       flags=tb.TransferFlags.VOID_PENDING_TRANSFER | tb.TransferFlags.IMPORTED)


def transfers_to_import(source, holds, until):
    """All of the source's in order, and among them what ends the holds that expired before the time `until` (ns since 1970)."""
    last = 0
    for transfer in in_order(source.query_transfers):
        for void in holds.expired(last, transfer.timestamp):
            yield void
            last = void.timestamp
        holds.see(transfer)
        yield replace(transfer, timeout=0, flags=transfer.flags | tb.TransferFlags.IMPORTED)
        last = transfer.timestamp
    yield from holds.expired(last, until)


def create_all(create, events, linked):
    """In batches that are as large as they may be and end with a chain. Returns how many there were."""
    count = 0
    batch = []
    chain = []
    for event in events:
        chain.append(event)
        if event.flags & linked:
            continue
        if len(batch) + len(chain) > BATCH_MAX:
            count += create_batch(create, batch)
            batch = []
        batch += chain
        chain = []
    return count + create_batch(create, batch)


def create_batch(create, batch):
    for event, result in zip(batch, create(batch), strict=True):
        if result.status.name != "CREATED":
            raise Failed(f"{result.status.name}: {event}")
    return len(batch)


def migrate(source, target, until):
    """Returns how many accounts and transfers were created, and the holds that had a time-out and are still open."""
    account_timestamps = set()

    def accounts():
        for account in in_order(source.query_accounts):
            account_timestamps.add(account.timestamp)
            yield account_to_import(source, account)

    def missing(query, events):
        last = last_timestamp(query)
        return (event for event in events if event.timestamp > last)

    holds = Holds(account_timestamps)
    created = create_all(target.create_accounts, missing(target.query_accounts, accounts()), tb.AccountFlags.LINKED)
    moved = create_all(target.create_transfers, missing(target.query_transfers, transfers_to_import(source, holds, until)), tb.TransferFlags.LINKED)
    return created, moved, holds.open()


def main(source_address, target_address, cluster="0"):
    with tb.ClientSync(cluster_id=int(cluster), replica_addresses=source_address) as source, \
            tb.ClientSync(cluster_id=int(cluster), replica_addresses=target_address) as target:
        try:
            accounts, transfers, holds = migrate(source, target, time.time_ns())
        except Failed as error:
            sys.exit(f"{sys.argv[0]}: {error}")
    print(f"{accounts} accounts, {transfers} transfers (voids of what expired among them)")
    for hold in holds:
        print(f"open without a time-out: hold {hold.id}; it was to expire at {hold.timestamp + hold.timeout * NS_PER_S} ns")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
