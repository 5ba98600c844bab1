"use strict";
// The official Node client, unmodified, against florin.

const assert = require("node:assert/strict");
const path = require("node:path");
const { after, before, test } = require("node:test");
const tb = require("tigerbeetle-node");
const { Conversation, account, transfer } = require("./conversation.js");
const { transferStatuses } = require("./results.js");
const { Server } = require("./server.js");

const BATCH_MAX = 8189;

let server;
let client;

const connect = () => tb.createClient({ cluster_id: 0n, replica_addresses: [server.address] });
const range = (begin, count) => Array.from({ length: count }, (_, i) => BigInt(begin + i));
const ids = (records) => records.map((record) => record.id);

before(async () => {
  server = await Server.start();
  client = connect();
});

after(async () => {
  client.destroy();
  assert.equal(await server.stop(), 0);
});

// The first of all: it wants an empty ledger.
test("every word of the conversation is answered as it should be", () =>
  new Conversation(client).speak(path.join(__dirname, "..", "conversation.txt")));

test("queries find what they should", () => new Conversation(client).speak(path.join(__dirname, "..", "queries.txt")));

test("a history of more than one page, page by page, and many queries at once", async () => {
  const count = BATCH_MAX + 1000;
  await client.createAccounts([account({ id: 60n }), account({ id: 61n })]);
  const wanted = range(800_000, count);
  const between = (ids) => ids.map((id) => transfer({ id, debit_account_id: 60n, credit_account_id: 61n }));
  await client.createTransfers(between(wanted.slice(0, BATCH_MAX)));
  await client.createTransfers(between(wanted.slice(BATCH_MAX)));
  const filter = { account_id: 60n, user_data_128: 0n, user_data_64: 0n, user_data_32: 0, code: 0, timestamp_min: 0n, timestamp_max: 0n,
    limit: BATCH_MAX, flags: tb.AccountFilterFlags.debits };
  const first = await client.getAccountTransfers(filter);
  const rest = await client.getAccountTransfers({ ...filter, timestamp_min: first.at(-1).timestamp + 1n });
  assert.deepEqual([first.length, rest.length], [BATCH_MAX, 1000]);
  assert.deepEqual(ids([...first, ...rest]), wanted);
  const rows = [...first, ...rest];
  const some = Array.from({ length: 200 }, (_, i) => ({ ...filter, timestamp_min: rows[i * 40].timestamp, limit: i % 7 }));
  const answers = await Promise.all(some.map((one) => client.getAccountTransfers(one)));
  answers.forEach((answer, i) => assert.deepEqual(ids(answer), wanted.slice(i * 40, i * 40 + (i % 7))));
});

test("look-ups give what is there in the order asked for", async () => {
  assert.deepEqual(ids(await client.lookupAccounts([2n, 77n, 1n, 2n])), [2n, 1n, 2n]);
  assert.deepEqual(await client.lookupAccounts([77n]), []);
});

test("nothing asked for is nothing done", async () => {
  assert.deepEqual(await client.createTransfers([]), []);
  assert.deepEqual(await client.lookupAccounts([]), []);
});

test("the largest batches", async () => {
  const wanted = range(100_000, BATCH_MAX);
  const results = await client.createTransfers(wanted.map((id) => transfer({ id })));
  assert.deepEqual(transferStatuses(results, BATCH_MAX), Array(BATCH_MAX).fill("created"));
  const found = await client.lookupTransfers(wanted);
  assert.deepEqual(ids(found), wanted);
  assert.ok(found.every((one, i) => one.timestamp === found[0].timestamp + BigInt(i)));
  // Clients before release 0.17 get no results of what was created.
  if (results.length > 0) assert.deepEqual(found.map((one) => one.timestamp), results.map((result) => result.timestamp));
  await assert.rejects(client.createTransfers(range(200_000, BATCH_MAX + 1).map((id) => transfer({ id }))), /[Tt]oo much data/);
});

test("calls of many at once are told apart", async () => {
  const call = async (number) => {
    const created = range(300_000 + 10 * number, number % 4);
    const results = await client.createTransfers(created.map((id) => transfer({ id })));
    assert.deepEqual(transferStatuses(results, created.length), created.map(() => "created"));
    const found = await client.lookupTransfers([...created, 299_999n, ...created]);
    assert.deepEqual(ids(found), [...created, ...created]);
  };
  await Promise.all(Array.from({ length: 1000 }, (_, number) => call(number)));
});

test("a chain does not reach beyond its call, though calls travel together", async () => {
  const calls = range(400_000, 100).map((id) => client.createTransfers([transfer({ id, flags: tb.TransferFlags.linked })]));
  for (const results of await Promise.all(calls)) assert.deepEqual(transferStatuses(results, 1), ["linked_event_chain_open"]);
});

test("one session after the other while one goes on reading", async () => {
  for (const id of range(500_000, 5)) {
    const writer = connect();
    await writer.createTransfers([transfer({ id })]);
    writer.destroy();
    assert.equal((await client.lookupTransfers([id])).length, 1);
  }
});

test("a session outlives a crash of the server, and calls that were under way then are answered", async () => {
  await client.createTransfers([transfer({ id: 600_000n })]);
  const before = range(600_001, 200).map((id) => client.createTransfers([transfer({ id })]));
  await server.killAndRestart();
  for (const results of await Promise.all(before)) assert.deepEqual(transferStatuses(results, 1), ["created"]);
  const results = await client.createTransfers([transfer({ id: 600_300n }), transfer({ id: 600_000n })]);
  assert.deepEqual(transferStatuses(results, 2), ["created", "exists"]);
  assert.equal((await client.lookupTransfers(range(600_000, 201))).length, 201);
});

test("both listeners work on one ledger", async () => {
  await client.createTransfers([transfer({ id: 700_000n, amount: 123_456n })]);
  assert.match(server.ask("lookup", "transfer", "700000"), /123456/);
});
