"""Two published ways to lose money, over TCP and with many connections: a retry that races its original, and an account that
many drain at once."""

import threading
from collections import Counter

from florin_client import AccountFlags, CreateReply, Operation, TransferFlags
from support import DOCUMENT, ServerTestCase


class ManyConnections(ServerTestCase):
    server_arguments = ("--partitions", "2", "--io-threads", "2")

    def on_each(self, count, act):
        """act(connection, index) on `count` connections at once; its results."""
        connections = [self.connect() for _ in range(count)]
        together = threading.Barrier(count)
        results = [None] * count

        def run(index):
            together.wait(60)
            results[index] = act(connections[index], index)

        threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertNotIn(None, results, "a thread failed; its message stands above")
        return results

    def test_32_duplicates_at_once_are_one_transfer(self):
        connection = self.connect()
        a, b = self.new_accounts(connection, 2)
        rounds = [self.transfer(a, b, 1) for _ in range(50)]
        together = threading.Barrier(32)

        def send_all(own, _):
            replies = []
            for transfer in rounds:
                together.wait(60)
                replies.append(own.create_transfers(transfer).outcomes[0])
            return replies

        by_connection = self.on_each(32, send_all)
        created, exists = (DOCUMENT.transfer_statuses[name] for name in ("created", "exists"))
        for number, transfer in enumerate(rounds):
            outcomes = [replies[number] for replies in by_connection]
            self.assertEqual({created: 1, exists: 31}, Counter(outcome.status for outcome in outcomes))
            (row,) = connection.lookup_transfers(transfer["id"])
            self.assertEqual({row.timestamp}, {outcome.timestamp for outcome in outcomes})
            # The one that created it was the first.
            self.assertEqual(created, min(outcomes, key=lambda outcome: outcome.sequence).status)
        self.assert_balances((0, len(rounds), 0, 0), connection, a)
        self.assert_balances((0, 0, 0, len(rounds)), connection, b)

    def drain(self, balance, amount, flags):
        connection = self.connect()
        source, target = self.new_accounts(connection, 2)
        drained = self.new_account(connection, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)
        self.assert_statuses(["created"], connection.create_transfers(self.transfer(source, drained, balance)))
        attempts = 20
        fitting = balance // amount
        self.assertLess(fitting, 64 * attempts)
        transfers = [[self.transfer(drained, target, amount, flags=flags) for _ in range(attempts)] for _ in range(64)]

        def take(own, index):
            outcomes = []
            for at in range(0, attempts, 2):  # two in flight
                requests = [own.send_create(Operation.CREATE_TRANSFERS, [transfer]) for transfer in transfers[index][at:at + 2]]
                outcomes += [CreateReply(own.wait(request), 1).outcomes[0].status for request in requests]
            return outcomes

        counts = Counter(status for outcomes in self.on_each(64, take) for status in outcomes)
        self.assertEqual({DOCUMENT.transfer_statuses["created"]: fitting,
                          DOCUMENT.transfer_statuses["exceeds_credits"]: 64 * attempts - fitting}, counts)
        found = connection.lookup_transfers(*(transfer["id"] for own in transfers for transfer in own))
        self.assertEqual((fitting, {amount}), (len(found), {row.amount for row in found}))
        return connection, drained, target, fitting * amount

    def test_64_clients_cannot_overdraw_an_account(self):
        connection, drained, target, moved = self.drain(balance=5000, amount=7, flags=0)
        self.assert_balances((0, moved, 0, 5000), connection, drained)
        self.assert_balances((0, 0, 0, moved), connection, target)

    def test_64_clients_cannot_hold_more_than_there_is(self):
        connection, drained, target, held = self.drain(balance=2**100, amount=2**91 + 1, flags=TransferFlags.PENDING)
        self.assert_balances((held, 0, 0, 2**100), connection, drained)
        self.assert_balances((0, 0, held, 0), connection, target)
