//! Calls a second of the official Rust client. Run by bench/run_tigerbeetle.
//!
//!     tigerbeetle_calls HOST:PORT CONCURRENCY BATCH SECONDS

#[path = "../../../../tests/integration/tigerbeetle/rust/src/wait.rs"]
mod wait;

use std::collections::hash_map::RandomState;
use std::collections::VecDeque;
use std::env;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

use tigerbeetle as tb;

use wait::wait;

const ACCOUNTS: u128 = 1000;
const WARM_UP: Duration = Duration::from_millis(500);

struct Calls {
    client: tb::Client,
    concurrency: usize,
    batch: u128,
    next_id: u128,
    answered: u64,
}

impl Calls {
    fn create_accounts(&self) {
        let accounts: Vec<_> = (1..=ACCOUNTS).map(|id| tb::Account { id, ledger: 1, code: 1, ..Default::default() }).collect();
        wait(self.client.create_accounts(&accounts)).unwrap();
    }

    fn transfers(&mut self) -> Vec<tb::Transfer> {
        let first = self.next_id;
        self.next_id += self.batch;
        let transfer = |id| tb::Transfer {
            id,
            debit_account_id: 1 + id % ACCOUNTS,
            credit_account_id: 1 + (id + 1) % ACCOUNTS,
            amount: 1,
            ledger: 1,
            code: 1,
            ..Default::default()
        };
        (first..self.next_id).map(transfer).collect()
    }

    /// Keeps so many calls open; how long until the last is answered.
    fn call_for(&mut self, duration: Duration) -> Duration {
        let mut open = VecDeque::new();
        let begin = Instant::now();
        self.answered = 0;
        while begin.elapsed() < duration || !open.is_empty() {
            if begin.elapsed() < duration && open.len() < self.concurrency {
                let transfers = self.transfers();
                open.push_back(self.client.create_transfers(&transfers));
                continue;
            }
            let results = wait(open.pop_front().unwrap()).unwrap();
            assert!(results.iter().all(|result| result.status == tb::CreateTransferStatus::Created));
            self.answered += 1;
        }
        begin.elapsed()
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let mut calls = Calls {
        client: tb::Client::new(0, &arguments[1]).unwrap(),
        concurrency: arguments[2].parse().unwrap(),
        batch: arguments[3].parse().unwrap(),
        next_id: u128::from(RandomState::new().build_hasher().finish()) << 64,
        answered: 0,
    };
    calls.create_accounts();
    calls.call_for(WARM_UP);
    let elapsed = calls.call_for(Duration::from_secs_f64(arguments[4].parse().unwrap()));
    println!("{{\"calls\": {}, \"seconds\": {}}}", calls.answered, elapsed.as_secs_f64());
}
