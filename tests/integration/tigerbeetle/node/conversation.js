"use strict";
// Speaks the conversation of conversation.txt, where its words are explained.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const { setTimeout } = require("node:timers/promises");
const tb = require("tigerbeetle-node");
const { accountStatuses, transferStatuses } = require("./results.js");

const MAX = 2n ** 128n - 1n;
const WIDE = ["id", "debit_account_id", "credit_account_id", "amount", "pending_id", "user_data_128", "user_data_64", "timestamp",
  "account_id", "timestamp_min", "timestamp_max", "debits_pending", "debits_posted", "credits_pending", "credits_posted"];

function account(fields) {
  return { id: 0n, debits_pending: 0n, debits_posted: 0n, credits_pending: 0n, credits_posted: 0n, user_data_128: 0n, user_data_64: 0n,
    user_data_32: 0, reserved: 0, ledger: 1, code: 1, flags: 0, timestamp: 0n, ...fields };
}

function transfer(fields) {
  return { id: 0n, debit_account_id: 1n, credit_account_id: 2n, amount: 1n, pending_id: 0n, user_data_128: 0n, user_data_64: 0n,
    user_data_32: 0, timeout: 0, ledger: 1, code: 1, flags: 0, timestamp: 0n, ...fields };
}

/** Either kind: what a kind does not know, the client does not look at. */
function filter(fields) {
  return { account_id: 0n, user_data_128: 0n, user_data_64: 0n, user_data_32: 0, ledger: 0, code: 0, timestamp_min: 0n, timestamp_max: 0n,
    limit: 0, flags: 0, ...fields };
}

const FLAGS = { account: tb.AccountFlags, transfer: tb.TransferFlags, account_filter: tb.AccountFilterFlags, query_filter: tb.QueryFilterFlags };
const QUERIES = { get_account_transfers: "getAccountTransfers", get_account_balances: "getAccountBalances", query_accounts: "queryAccounts",
  query_transfers: "queryTransfers" };

class Conversation {
  constructor(client) {
    this.client = client;
  }

  /** Says all of a file. */
  async speak(file) {
    const lines = fs.readFileSync(file, "utf8").split("\n").filter((line) => !line.startsWith("#"));
    const calls = lines.join("\n").split(/\n{2,}/).map((call) => call.split("\n").filter((line) => line !== ""));
    for (const call of calls) {
      const kind = call[0]?.split(/\s+/)[0];
      if (kind === "account" || kind === "transfer") await this.create(kind, call);
      else for (const line of call) await this.say(line);
    }
  }

  async create(kind, call) {
    const events = [];
    const wanted = [];
    for (const line of call) {
      const [, status, ...fields] = line.split(/\s+/);
      wanted.push(status);
      events.push(await this.event(kind, fields));
    }
    const statuses = kind === "account" ? accountStatuses(await this.client.createAccounts(events), events.length)
      : transferStatuses(await this.client.createTransfers(events), events.length);
    assert.equal(statuses.length, call.length);
    statuses.forEach((status, i) => assert.equal(status, wanted[i], `${status}: ${call[i]}`));
  }

  async say(line) {
    const [verb, ...words] = line.split(/\s+/);
    if (verb === "pause") return setTimeout(Number(words[0]));
    if (verb in QUERIES) return this.query(verb, line);
    const [what, kind] = verb.split("_");
    const fields = await this.fields(kind, words);
    const found = kind === "account" ? await this.client.lookupAccounts([fields.id]) : await this.client.lookupTransfers([fields.id]);
    assert.equal(found.length, what === "find" ? 1 : 0, line);
    for (const [name, value] of Object.entries(what === "find" ? fields : {})) assert.equal(found[0][name], value, `${name}: ${line}`);
  }

  async query(verb, line) {
    const [words, rows] = line.split("->").map((side) => side.split(/\s+/).filter((word) => word !== ""));
    const fields = await this.fields(verb.startsWith("get") ? "account_filter" : "query_filter", words.slice(1));
    const found = await this.client[QUERIES[verb]](filter(fields));
    assert.equal(found.length, rows.length, line);
    for (const [i, row] of rows.entries()) {
      const [timestamp, ...more] = row.split(":");
      assert.equal(found[i].timestamp, await this.number(timestamp), `row ${i}: ${line}`);
      for (let at = 0; at < more.length; at += 2) assert.equal(BigInt(found[i][more[at]]), BigInt(more[at + 1]), `${more[at]} of row ${i}: ${line}`);
    }
  }

  async event(kind, words) {
    const fields = await this.fields(kind, words);
    return kind === "account" ? account(fields) : transfer(fields);
  }

  async fields(kind, words) {
    const fields = {};
    for (const word of words) {
      const [name, text] = word.split("=");
      const value = name === "flags" ? this.flags(kind, text) : await this.number(text);
      fields[name] = WIDE.includes(name) ? value : Number(value);
    }
    return fields;
  }

  flags(kind, text) {
    return /^\d/.test(text) ? Number(text) : text.split("|").reduce((flags, name) => flags | FLAGS[kind][name], 0);
  }

  async number(text) {
    if (text === "max") return MAX;
    if (!text.startsWith("@")) return BigInt(text);
    const [id, more] = text.slice(1).split("+").map(BigInt);
    const [found] = id < 100n ? await this.client.lookupAccounts([id]) : await this.client.lookupTransfers([id]);
    return found.timestamp + (more ?? 0n);
  }
}

module.exports = { Conversation, account, transfer };
