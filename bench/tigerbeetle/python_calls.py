"""Calls a second of the official Python client. Run by bench/run_tigerbeetle.

    python_calls.py HOST:PORT CONCURRENCY BATCH SECONDS
"""
import asyncio
import json
import secrets
import sys
import time

import tigerbeetle as tb

ACCOUNTS = 1000
WARM_UP_S = 0.5


class Calls:
    def __init__(self, client, batch):
        self._client = client
        self._batch = batch
        self._next_id = secrets.randbits(64) << 64
        self.answered = 0

    async def create_accounts(self):
        await self._client.create_accounts([tb.Account(id=number + 1, ledger=1, code=1) for number in range(ACCOUNTS)])

    def _transfers(self):
        first = self._next_id = self._next_id + self._batch
        return [tb.Transfer(id=number, debit_account_id=1 + number % ACCOUNTS, credit_account_id=1 + (number + 1) % ACCOUNTS, amount=1, ledger=1, code=1)
                for number in range(first, first + self._batch)]

    async def call_until(self, end):
        while time.monotonic() < end:
            results = await self._client.create_transfers(self._transfers())
            assert all(result.status == tb.CreateTransferStatus.CREATED for result in results)
            self.answered += 1


async def main(address, concurrency, batch, seconds):
    async with tb.ClientAsync(cluster_id=0, replica_addresses=address) as client:
        calls = Calls(client, batch)
        await calls.create_accounts()
        await asyncio.gather(*(calls.call_until(time.monotonic() + WARM_UP_S) for _ in range(concurrency)))
        calls.answered = 0
        begin = time.monotonic()
        await asyncio.gather(*(calls.call_until(begin + seconds) for _ in range(concurrency)))
        print(json.dumps({"calls": calls.answered, "seconds": time.monotonic() - begin}))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
