"""A server process of the tests' own, and what the test cases share. The environment names the program (TEST_SERVER_COMMAND)
and docs/protocol.md (TEST_PROTOCOL_PAGE); CMakeLists.txt sets it."""

import ctypes
import itertools
import os
import select
import signal
import subprocess
import tempfile
import time
import unittest

from document import Document
from florin_client import CREATED, Connection

PRINCIPAL = 0xA11CE_0000_0000_0000_0000_0000_0042
LEDGER = 700
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
PR_SET_PDEATHSIG = 1

DOCUMENT = Document(os.environ["TEST_PROTOCOL_PAGE"])


# Settings that the environment may hold are not for the tests' servers.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("FLORIN_")}


class ServerProcess:
    def __init__(self, *arguments):
        self._folder = tempfile.TemporaryDirectory(prefix="florin_python_client_")
        self.data = os.path.join(self._folder.name, "data")
        self._errors = open(os.path.join(self._folder.name, "errors"), "w+", encoding="utf-8")
        libc = ctypes.CDLL(None)
        self._process = subprocess.Popen(
            [os.environ["TEST_SERVER_COMMAND"], "serve", "--data", self.data, "--listen", "127.0.0.1:0", *arguments],
            env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            # A test that is killed leaves no server behind.
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        try:
            self.port = self._listening_port()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """Ends the server as an operator would; its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            code = self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._process.stdout.close()
        self._errors.close()
        self._folder.cleanup()
        return code

    def journal(self):
        """What `florin inspect journal` prints of the journal so far."""
        command = [os.environ["TEST_SERVER_COMMAND"], "inspect", "journal", "--data", self.data, "--from", "1", "--limit", "1000",
                   "--json"]
        return subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, timeout=60, check=True, text=True).stdout

    def _listening_port(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        line = ""
        while not line.endswith("\n"):
            if not select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"not listening after {START_TIMEOUT_S} s: {self._said()}")
            piece = os.read(self._process.stdout.fileno(), 4096).decode()
            if not piece:
                raise RuntimeError(f"the server ended: {self._said()}")
            line += piece
        prefix = "listening on 127.0.0.1:"
        if not line.startswith(prefix):
            raise RuntimeError(f"expected '{prefix}', got '{line}'")
        return int(line[len(prefix):])

    def _said(self):
        self._errors.seek(0)
        return self._errors.read()


class ServerTestCase(unittest.TestCase):
    """A server for the tests of a class. They share its ledger, so each takes ids that nobody had before."""

    server_arguments = ()
    _ids = itertools.count(1)

    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess(*cls.server_arguments)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        if code != 0:
            raise AssertionError(f"the server ended with {code}")

    def connect(self, hello=True):
        connection = Connection(self.server.port)
        self.addCleanup(connection.close)
        if hello:
            connection.hello(PRINCIPAL)
        return connection

    @staticmethod
    def new_id():
        # Both halves are used, so that swapped ones would be noticed.
        number = next(ServerTestCase._ids)
        return (number << 64) | (number * 3)

    def new_account(self, connection, flags=0, **fields):
        account_id = self.new_id()
        reply = connection.create_accounts({"id": account_id, "ledger": LEDGER, "code": 10, "flags": flags, **fields})
        self.assertEqual([CREATED], [outcome.status for outcome in reply.outcomes])
        return account_id

    def new_accounts(self, connection, count):
        return [self.new_account(connection) for _ in range(count)]

    def transfer(self, debit, credit, amount, **fields):
        return {"id": self.new_id(), "debit_account_id": debit, "credit_account_id": credit, "amount": amount, "ledger": LEDGER,
                "code": 1, **fields}

    def assert_statuses(self, names, reply, statuses=DOCUMENT.transfer_statuses):
        by_number = {number: name for name, number in statuses.items()}
        self.assertEqual(names, [by_number.get(outcome.status, outcome.status) for outcome in reply.outcomes])

    def account(self, connection, account_id):
        rows = connection.lookup_accounts(account_id)
        self.assertEqual(1, len(rows))
        return rows[0]

    def assert_balances(self, expected, connection, account_id):
        """expected: debits_pending, debits_posted, credits_pending, credits_posted."""
        self.assertEqual(expected, balances_of(self.account(connection, account_id)))


def balances_of(row):
    return row.debits_pending, row.debits_posted, row.credits_pending, row.credits_posted
