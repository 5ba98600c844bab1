"use strict";
// Calls a second of the official Node client. Run by bench/run_tigerbeetle.
//
//     node_calls.js HOST:PORT CONCURRENCY BATCH SECONDS

const { randomBytes } = require("node:crypto");
const { performance } = require("node:perf_hooks");
const tb = require("tigerbeetle-node");

const ACCOUNTS = 1000;
const WARM_UP_MS = 500;

const [address, ...numbers] = process.argv.slice(2);
const [concurrency, batch, seconds] = numbers.map(Number);
const client = tb.createClient({ cluster_id: 0n, replica_addresses: [address] });
const prefix = randomBytes(8).readBigUInt64LE() << 64n;
let number = 0;
let answered = 0;

function account(_, index) {
  return { id: BigInt(index + 1), debits_pending: 0n, debits_posted: 0n, credits_pending: 0n, credits_posted: 0n, user_data_128: 0n,
    user_data_64: 0n, user_data_32: 0, reserved: 0, ledger: 1, code: 1, flags: 0, timestamp: 0n };
}

function transfer() {
  ++number;
  return { id: prefix + BigInt(number), debit_account_id: BigInt(1 + (number % ACCOUNTS)), credit_account_id: BigInt(1 + ((number + 1) % ACCOUNTS)),
    amount: 1n, pending_id: 0n, user_data_128: 0n, user_data_64: 0n, user_data_32: 0, timeout: 0, ledger: 1, code: 1, flags: 0, timestamp: 0n };
}

async function callUntil(end) {
  while (performance.now() < end) {
    const results = await client.createTransfers(Array.from({ length: batch }, transfer));
    if (results.some((result) => result.status !== tb.CreateTransferStatus.created)) throw new Error("a transfer was not created");
    ++answered;
  }
}

function allCallUntil(end) {
  return Promise.all(Array.from({ length: concurrency }, () => callUntil(end)));
}

(async () => {
  await client.createAccounts(Array.from({ length: ACCOUNTS }, account));
  await allCallUntil(performance.now() + WARM_UP_MS);
  answered = 0;
  const begin = performance.now();
  await allCallUntil(begin + 1000 * seconds);
  console.log(JSON.stringify({ calls: answered, seconds: (performance.now() - begin) / 1000 }));
  client.destroy();
})();
