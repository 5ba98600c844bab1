//! A server of the tests' own that listens for TigerBeetle's clients too. The environment names the program (TEST_SERVER_COMMAND) and a
//! folder for its data (TEST_FOLDER).

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

pub struct Server {
    process: Child,
    native: String,
    pub address: String,
}

impl Server {
    pub fn start() -> Server {
        Server::launch("127.0.0.1:0", "127.0.0.1:0")
    }

    /// By the main thread: the server ends with the thread that started it, so a test that is killed leaves none behind.
    fn launch(native: &str, address: &str) -> Server {
        let data = env::var("TEST_FOLDER").unwrap() + "/data";
        let mut process = without_settings(Command::new("setpriv"))
            .args(["--pdeathsig", "KILL", &program(), "serve", "--data", &data, "--listen", native])
            .args(["--tigerbeetle-listen", address, "--disk-headroom", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut last_word = || lines.next().unwrap().unwrap().rsplit(' ').next().unwrap().to_string();
        Server { native: last_word(), address: last_word(), process }
    }

    /// Without a word of warning, as a crash; on the same ports again.
    pub fn kill_and_restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        *self = Server::launch(&self.native, &self.address);
    }

    /// Ends the server as an operator would.
    pub fn stop(mut self) -> ExitStatus {
        Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        self.process.wait().unwrap()
    }

    /// What a subcommand of the native client prints.
    pub fn ask(&self, arguments: &[&str]) -> String {
        let output = without_settings(Command::new(program())).args(arguments).args(["--connect", &self.native]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn program() -> String {
    env::var("TEST_SERVER_COMMAND").unwrap()
}

/// Settings that the environment may hold are not for the tests' servers.
fn without_settings(mut command: Command) -> Command {
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("FLORIN_")) {
        command.env_remove(name);
    }
    command
}
