"""The official Python client, unmodified, against florin."""

import asyncio
import unittest

import tigerbeetle as tb
from python_queries_test import PythonClientQueriesTest  # noqa: F401 - run with those below
from server import Server


def account(number, **fields):
    return tb.Account(id=number, ledger=1, code=1, **fields)


def transfer(number, amount=1, **fields):
    return tb.Transfer(**{"id": number, "debit_account_id": 1, "credit_account_id": 2, "amount": amount, "ledger": 1, "code": 1, **fields})


class PythonClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--sessions-max", "16")
        with cls.connect() as client:
            assert all(result.status == tb.CreateAccountStatus.CREATED for result in client.create_accounts([account(1), account(2)]))

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    @classmethod
    def connect(cls):
        return tb.ClientSync(cluster_id=0, replica_addresses=cls.server.address)

    def test_results_say_what_became_of_each_event(self):
        with self.connect() as client:
            results = client.create_accounts([account(10), account(10), account(0)])
            self.assertEqual([result.status for result in results], [tb.CreateAccountStatus.CREATED, tb.CreateAccountStatus.EXISTS,
                                                                     tb.CreateAccountStatus.ID_MUST_NOT_BE_ZERO])
            self.assertEqual(results[0].timestamp, results[1].timestamp)
            results = client.create_transfers([transfer(1000, amount=7), transfer(1000, amount=8), transfer(1001, debit_account_id=99)])
            self.assertEqual([result.status for result in results],
                             [tb.CreateTransferStatus.CREATED, tb.CreateTransferStatus.EXISTS_WITH_DIFFERENT_AMOUNT,
                              tb.CreateTransferStatus.DEBIT_ACCOUNT_NOT_FOUND])
            [found] = client.lookup_transfers([999, 1000, 1001])
            self.assertEqual((found.id, found.amount, found.timestamp), (1000, 7, results[0].timestamp))

    def test_look_ups_give_what_is_there_in_the_order_asked_for(self):
        with self.connect() as client:
            self.assertEqual([found.id for found in client.lookup_accounts([2, 77, 1, 2])], [2, 1, 2])
            self.assertEqual(client.lookup_accounts([77]), [])

    def test_nothing_asked_for_is_nothing_done(self):
        with self.connect() as client:
            self.assertEqual(client.create_transfers([]), [])
            self.assertEqual(client.lookup_accounts([]), [])

    def test_the_largest_batches(self):
        with self.connect() as client:
            results = client.create_transfers([transfer(100_000 + i) for i in range(8189)])
            self.assertEqual(len(results), 8189)
            self.assertTrue(all(result.status == tb.CreateTransferStatus.CREATED for result in results))
            self.assertEqual([b.timestamp - a.timestamp for a, b in zip(results, results[1:])], [1] * 8188)
            found = client.lookup_transfers([100_000 + i for i in range(8189)])
            self.assertEqual([one.timestamp for one in found], [result.timestamp for result in results])

    def test_calls_of_many_at_once_are_told_apart(self):
        async def call(client, number):
            ids = [200_000 + 10 * number + i for i in range(number % 4)]
            results = await client.create_transfers([transfer(one) for one in ids])
            found = await client.lookup_transfers(ids + [199_999] + ids)
            return len(results) == len(ids) and [one.id for one in found] == ids + ids

        async def calls():
            async with tb.ClientAsync(cluster_id=0, replica_addresses=self.server.address) as client:
                return await asyncio.gather(*(call(client, number) for number in range(500)))

        self.assertTrue(all(asyncio.run(calls())))

    def test_a_chain_does_not_reach_beyond_its_call(self):
        with self.connect() as client:
            results = client.create_transfers([transfer(3000, flags=tb.TransferFlags.LINKED), transfer(3001, flags=tb.TransferFlags.LINKED)])
            self.assertEqual([result.status for result in results], [tb.CreateTransferStatus.LINKED_EVENT_FAILED,
                                                                     tb.CreateTransferStatus.LINKED_EVENT_CHAIN_OPEN])
            self.assertEqual(client.create_transfers([transfer(3000)])[0].status, tb.CreateTransferStatus.CREATED)

    def test_one_session_after_the_other_while_one_goes_on_reading(self):
        with self.connect() as reader:
            for number in range(20):
                with self.connect() as client:
                    client.create_transfers([transfer(4000 + number)])
                self.assertEqual(len(reader.lookup_transfers([4000 + number])), 1)

    def test_a_session_outlives_a_crash_of_the_server(self):
        with self.connect() as client:
            client.create_transfers([transfer(5000)])
            self.server.kill_and_restart()
            self.assertEqual(client.create_transfers([transfer(5001)])[0].status, tb.CreateTransferStatus.CREATED)
            self.assertEqual([found.id for found in client.lookup_transfers([5000, 5001])], [5000, 5001])

    def test_both_listeners_work_on_one_ledger(self):
        with self.connect() as client:
            client.create_transfers([transfer(6000, amount=123_456)])
        self.assertIn("123456", self.server.ask("lookup", "transfer", "6000"))


if __name__ == "__main__":
    unittest.main()
