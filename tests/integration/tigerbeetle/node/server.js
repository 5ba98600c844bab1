"use strict";
// A server of the tests' own that listens for TigerBeetle's clients too. The environment names the program (TEST_SERVER_COMMAND) and a
// folder for its data (TEST_FOLDER).

const { execFileSync, spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");

// Settings that the environment may hold are not for the tests' servers.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("FLORIN_")));

class Server {
  native = "127.0.0.1:0";
  address = "127.0.0.1:0";

  static async start() {
    const server = new Server();
    server.data = fs.mkdtempSync(path.join(process.env.TEST_FOLDER, "node_"));
    await server.launch();
    return server;
  }

  async launch() {
    // A test that is killed leaves no server behind.
    this.process = spawn("setpriv", ["--pdeathsig", "KILL", process.env.TEST_SERVER_COMMAND, "serve", "--data", this.data, "--listen", this.native,
      "--tigerbeetle-listen", this.address, "--disk-headroom", "0"], { env, stdio: ["ignore", "pipe", "inherit"] });
    const lines = readline.createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    const lastWord = async () => (await lines.next()).value.split(" ").at(-1);
    this.native = await lastWord();
    this.address = await lastWord();
  }

  /** Without a word of warning, as a crash; on the same ports again. */
  async killAndRestart() {
    this.process.kill("SIGKILL");
    await once(this.process, "exit");
    await this.launch();
  }

  /** Ends the server as an operator would; its exit code. */
  async stop() {
    this.process.kill("SIGTERM");
    return (await once(this.process, "exit"))[0];
  }

  /** What a subcommand of the native client prints. */
  ask(...args) {
    return execFileSync(process.env.TEST_SERVER_COMMAND, [...args, "--connect", this.native], { env, encoding: "utf8" });
  }
}

module.exports = { Server };
