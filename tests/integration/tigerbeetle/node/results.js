"use strict";
// What became of each event of a call, by its name. From release 0.17 on there is a result for each event, before it one for each that failed.

const tb = require("tigerbeetle-node");

function statuses(results, events, names, oldNames) {
  if (names) return results.map((result) => names[result.status]);
  const all = Array(events).fill("created");
  for (const { index, result } of results) all[index] = oldNames[result];
  return all;
}

const accountStatuses = (results, events) => statuses(results, events, tb.CreateAccountStatus, tb.CreateAccountError);
const transferStatuses = (results, events) => statuses(results, events, tb.CreateTransferStatus, tb.CreateTransferError);

module.exports = { accountStatuses, transferStatuses };
