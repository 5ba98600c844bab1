"""A server of the tests' own that listens for TigerBeetle's clients too. The environment names the program (TEST_SERVER_COMMAND)."""

import ctypes
import os
import signal
import subprocess
import tempfile

STOP_TIMEOUT_S = 30
PR_SET_PDEATHSIG = 1
# Settings that the environment may hold are not for the tests' servers.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("FLORIN_")}


class Server:
    def __init__(self, *arguments):
        self._folder = tempfile.TemporaryDirectory(prefix="florin_tigerbeetle_")
        self._arguments = arguments
        self.native = self.address = "127.0.0.1:0"
        self._start()

    def _start(self):
        libc = ctypes.CDLL(None)
        self._process = subprocess.Popen(
            [os.environ["TEST_SERVER_COMMAND"], "serve", "--data", os.path.join(self._folder.name, "data"), "--listen", self.native,
             "--tigerbeetle-listen", self.address, "--disk-headroom", "0", *self._arguments],
            env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            # A test that is killed leaves no server behind.
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        self.native = self._process.stdout.readline().split()[-1]
        self.address = self._process.stdout.readline().split()[-1]

    def kill_and_restart(self):
        """Without a word of warning, as a crash; on the same ports again."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._start()

    def stop(self):
        """Ends the server as an operator would; its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(STOP_TIMEOUT_S)
        finally:
            self._process.kill()
            self._process.stdout.close()
            self._folder.cleanup()

    def ask(self, *arguments):
        """What a subcommand of the native client prints."""
        return subprocess.run([os.environ["TEST_SERVER_COMMAND"], *arguments, "--connect", self.native], env=ENVIRONMENT, check=True,
                              capture_output=True, text=True).stdout
