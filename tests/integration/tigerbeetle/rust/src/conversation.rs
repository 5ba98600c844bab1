//! Speaks the conversation of conversation.txt, where its words are explained.

use std::fmt::Display;
use std::fs;
use std::thread;
use std::time::Duration;

use tigerbeetle as tb;

use crate::wait::wait;

/// Records and filters, whose fields have the names of the conversation.
trait Record: Default {
    fn set(&mut self, name: &str, value: u128);
    fn get(&self, name: &str) -> u128;
    /// The value of one of its flags.
    fn flag(name: &str) -> u128;
}

macro_rules! record {
    ($record:ident, [$($field:ident)*] $(, $flags:ident, [$($flag_name:ident $flag:ident)*])?) => {
        impl Record for tb::$record {
            fn set(&mut self, name: &str, value: u128) {
                match name {
                    $(stringify!($field) => self.$field = value.try_into().unwrap(),)*
                    $("flags" => self.flags = tb::$flags(value.try_into().unwrap()),)?
                    _ => panic!("there is no {name}"),
                }
            }

            fn get(&self, name: &str) -> u128 {
                match name {
                    $(stringify!($field) => self.$field.into(),)*
                    $("flags" => <tb::$flags>::from(self.flags).0.into(),)?
                    _ => panic!("there is no {name}"),
                }
            }

            fn flag(name: &str) -> u128 {
                match name {
                    $($(stringify!($flag_name) => tb::$flags::$flag.0.into(),)*)?
                    _ => panic!("there is no {name}"),
                }
            }
        }
    };
}

record!(
    Account,
    [id debits_pending debits_posted credits_pending credits_posted user_data_128 user_data_64 user_data_32 ledger code timestamp],
    AccountFlags,
    [linked Linked debits_must_not_exceed_credits DebitsMustNotExceedCredits credits_must_not_exceed_debits CreditsMustNotExceedDebits
     history History imported Imported closed Closed]
);
record!(
    Transfer,
    [id debit_account_id credit_account_id amount pending_id user_data_128 user_data_64 user_data_32 timeout ledger code timestamp],
    TransferFlags,
    [linked Linked pending Pending post_pending_transfer PostPendingTransfer void_pending_transfer VoidPendingTransfer
     balancing_debit BalancingDebit balancing_credit BalancingCredit closing_debit ClosingDebit closing_credit ClosingCredit imported Imported]
);
record!(AccountBalance, [debits_pending debits_posted credits_pending credits_posted timestamp]);
record!(
    AccountFilter,
    [account_id user_data_128 user_data_64 user_data_32 code timestamp_min timestamp_max limit],
    AccountFilterFlags,
    [debits Debits credits Credits reversed Reversed]
);
record!(
    QueryFilter,
    [user_data_128 user_data_64 user_data_32 ledger code timestamp_min timestamp_max limit],
    QueryFilterFlags,
    [reversed Reversed]
);

pub fn account() -> tb::Account {
    tb::Account { ledger: 1, code: 1, ..Default::default() }
}

pub fn transfer(id: u128) -> tb::Transfer {
    tb::Transfer { id, debit_account_id: 1, credit_account_id: 2, amount: 1, ledger: 1, code: 1, ..Default::default() }
}

pub struct Conversation<'a> {
    client: &'a tb::Client,
}

impl<'a> Conversation<'a> {
    pub fn new(client: &'a tb::Client) -> Self {
        Self { client }
    }

    /// Says all of a file.
    pub fn speak(&self, file: &str) {
        let text = fs::read_to_string(file).unwrap();
        let mut call: Vec<&str> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')).chain([""]) {
            if line.starts_with("account ") || line.starts_with("transfer ") {
                call.push(line);
                continue;
            }
            self.create(&call);
            call.clear();
            if !line.is_empty() {
                self.say(line);
            }
        }
    }

    fn create(&self, call: &[&str]) {
        match call.first() {
            None => {}
            Some(line) if line.starts_with("account") => {
                let results = wait(self.client.create_accounts(&self.events(account(), call))).unwrap();
                check(call, results.iter().map(|result| result.status));
            }
            Some(_) => {
                let results = wait(self.client.create_transfers(&self.events(transfer(0), call))).unwrap();
                check(call, results.iter().map(|result| result.status));
            }
        }
    }

    fn events<R: Record + Copy>(&self, usual: R, call: &[&str]) -> Vec<R> {
        call.iter().map(|line| self.fill(usual, line.split_whitespace().skip(2))).collect()
    }

    fn say(&self, line: &str) {
        let mut words = line.split_whitespace();
        match words.next().unwrap() {
            "pause" => thread::sleep(Duration::from_millis(words.next().unwrap().parse().unwrap())),
            "find_account" => self.find(line, |id| wait(self.client.lookup_accounts(&[id])).unwrap()),
            "find_transfer" => self.find(line, |id| wait(self.client.lookup_transfers(&[id])).unwrap()),
            "no_account" => assert!(wait(self.client.lookup_accounts(&[self.id_of(line)])).unwrap().is_empty(), "{line}"),
            "no_transfer" => assert!(wait(self.client.lookup_transfers(&[self.id_of(line)])).unwrap().is_empty(), "{line}"),
            "get_account_transfers" => self.query(line, |filter| wait(self.client.get_account_transfers(filter))),
            "get_account_balances" => self.query(line, |filter| wait(self.client.get_account_balances(filter))),
            "query_accounts" => self.query(line, |filter| wait(self.client.query_accounts(filter))),
            "query_transfers" => self.query(line, |filter| wait(self.client.query_transfers(filter))),
            _ => panic!("nobody understands: {line}"),
        }
    }

    fn id_of(&self, line: &str) -> u128 {
        self.number(line.split("id=").nth(1).unwrap())
    }

    fn find<R: Record>(&self, line: &str, look_up: impl Fn(u128) -> Vec<R>) {
        let wanted = self.fill(R::default(), line.split_whitespace().skip(1));
        let found = look_up(wanted.get("id"));
        assert_eq!(found.len(), 1, "{line}");
        for (name, _) in line.split_whitespace().skip(1).map(|word| word.split_once('=').unwrap()) {
            assert_eq!(found[0].get(name), wanted.get(name), "{name}: {line}");
        }
    }

    fn query<F: Record, R: Record>(&self, line: &str, ask: impl Fn(F) -> Result<Vec<R>, tb::Error>) {
        let (words, rows) = line.split_once("->").unwrap();
        let found = ask(self.fill(F::default(), words.split_whitespace().skip(1))).unwrap();
        assert_eq!(found.len(), rows.split_whitespace().count(), "{line}");
        for (row, wanted) in found.iter().zip(rows.split_whitespace()) {
            let words: Vec<_> = wanted.split(':').collect();
            assert_eq!(row.get("timestamp"), self.number(words[0]), "{wanted}: {line}");
            for field in words[1..].chunks(2) {
                assert_eq!(row.get(field[0]), self.number(field[1]), "{wanted}: {line}");
            }
        }
    }

    fn fill<'b, R: Record>(&self, mut record: R, words: impl Iterator<Item = &'b str>) -> R {
        for (name, text) in words.map(|word| word.split_once('=').unwrap()) {
            let is_names = name == "flags" && !text.starts_with(|first: char| first.is_ascii_digit());
            record.set(name, if is_names { text.split('|').fold(0, |flags, flag| flags | R::flag(flag)) } else { self.number(text) });
        }
        record
    }

    fn number(&self, text: &str) -> u128 {
        if text == "max" {
            return u128::MAX;
        }
        let Some(object) = text.strip_prefix('@') else { return text.parse().unwrap() };
        let (id, more) = object.split_once('+').unwrap_or((object, "0"));
        let id = id.parse().unwrap();
        let timestamp = if id < 100 {
            wait(self.client.lookup_accounts(&[id])).unwrap()[0].timestamp
        } else {
            wait(self.client.lookup_transfers(&[id])).unwrap()[0].timestamp
        };
        u128::from(timestamp) + more.parse::<u128>().unwrap()
    }
}

/// The client's names are those of the conversation, written otherwise: AccountsMustBeDifferent.
fn check(call: &[&str], statuses: impl ExactSizeIterator<Item = impl Display>) {
    assert_eq!(statuses.len(), call.len());
    for (line, status) in call.iter().zip(statuses) {
        let wanted: String = line.split_whitespace().nth(1).unwrap().split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        assert_eq!(status.to_string(), wanted, "{line}");
    }
}
