//! The official Rust client, unmodified, against florin. The arguments are the two parts of the conversation.

mod conversation;
mod server;
mod wait;

use std::env;
use std::time::Instant;

use tigerbeetle as tb;

use conversation::{account, transfer, Conversation};
use server::Server;
use wait::wait;

const BATCH_MAX: u128 = 8189;

/// What the tests share. They run one after the other: the conversation is the first, because it wants an empty ledger.
struct Fixture {
    server: Server,
    client: tb::Client,
}

impl Fixture {
    fn connect(&self) -> tb::Client {
        connect(&self.server)
    }
}

fn connect(server: &Server) -> tb::Client {
    tb::Client::new(0, &server.address).unwrap()
}

fn transfers(begin: u128, count: u128) -> Vec<tb::Transfer> {
    (begin..begin + count).map(transfer).collect()
}

fn ids(records: &[tb::Transfer]) -> Vec<u128> {
    records.iter().map(|record| record.id).collect()
}

fn every_word_of_the_conversation_is_answered_as_it_should_be(fixture: &mut Fixture) {
    Conversation::new(&fixture.client).speak(&env::args().nth(1).unwrap());
}

fn queries_find_what_they_should(fixture: &mut Fixture) {
    Conversation::new(&fixture.client).speak(&env::args().nth(2).unwrap());
}

fn a_history_of_more_than_one_page_page_by_page_and_many_queries_at_once(fixture: &mut Fixture) {
    let client = &fixture.client;
    wait(client.create_accounts(&[60, 61].map(|id| tb::Account { id, ..account() }))).unwrap();
    let mut events = transfers(800_000, BATCH_MAX + 1000);
    for event in &mut events {
        (event.debit_account_id, event.credit_account_id) = (60, 61);
    }
    for batch in events.chunks(BATCH_MAX as usize) {
        wait(client.create_transfers(batch)).unwrap();
    }
    let filter = tb::AccountFilter { account_id: 60, limit: BATCH_MAX as u32, flags: tb::AccountFilterFlags::Debits, ..Default::default() };
    let mut rows = wait(client.get_account_transfers(filter)).unwrap();
    assert_eq!(rows.len(), BATCH_MAX as usize);
    rows.extend(wait(client.get_account_transfers(tb::AccountFilter { timestamp_min: rows.last().unwrap().timestamp + 1, ..filter })).unwrap());
    assert_eq!(ids(&rows), ids(&events));
    let some = |i: usize| tb::AccountFilter { timestamp_min: rows[i * 40].timestamp, limit: i as u32 % 7, ..filter };
    let answers: Vec<_> = (0..200).map(|i| client.get_account_transfers(some(i))).collect();
    for (i, answer) in answers.into_iter().enumerate() {
        assert_eq!(ids(&wait(answer).unwrap()), ids(&events[i * 40..i * 40 + i % 7]));
    }
}

fn look_ups_give_what_is_there_in_the_order_asked_for(fixture: &mut Fixture) {
    let found = wait(fixture.client.lookup_accounts(&[2, 77, 1, 2])).unwrap();
    assert_eq!(found.iter().map(|account| account.id).collect::<Vec<_>>(), [2, 1, 2]);
    assert!(wait(fixture.client.lookup_accounts(&[77])).unwrap().is_empty());
}

fn nothing_asked_for_is_nothing_done(fixture: &mut Fixture) {
    assert!(wait(fixture.client.create_transfers(&[])).unwrap().is_empty());
    assert!(wait(fixture.client.lookup_accounts(&[])).unwrap().is_empty());
}

fn the_largest_batches(fixture: &mut Fixture) {
    let events = transfers(100_000, BATCH_MAX);
    let results = wait(fixture.client.create_transfers(&events)).unwrap();
    assert_eq!(results.len(), events.len());
    for (result, timestamp) in results.iter().zip(results[0].timestamp..) {
        assert_eq!((result.status, result.timestamp), (tb::CreateTransferStatus::Created, timestamp));
    }
    let found = wait(fixture.client.lookup_transfers(&ids(&events))).unwrap();
    assert_eq!(ids(&found), ids(&events));
    assert!(found.iter().zip(&results).all(|(one, result)| one.timestamp == result.timestamp));
    assert_eq!(wait(fixture.client.create_transfers(&transfers(200_000, BATCH_MAX + 1))).unwrap_err(), tb::Error::TooMuchData);
}

/// Calls are under way as soon as they are made; their futures only wait.
fn calls_of_many_at_once_are_told_apart(fixture: &mut Fixture) {
    let client = &fixture.client;
    let events: Vec<_> = (0..1000).map(|number| transfers(300_000 + 10 * number, number % 4)).collect();
    let creations: Vec<_> = events.iter().map(|some| client.create_transfers(some)).collect();
    for (some, creation) in events.iter().zip(creations) {
        let results = wait(creation).unwrap();
        assert_eq!(results.len(), some.len());
        assert!(results.iter().all(|result| result.status == tb::CreateTransferStatus::Created));
    }
    let looked_up = |some: &Vec<tb::Transfer>| [ids(some), vec![299_999], ids(some)].concat();
    let look_ups: Vec<_> = events.iter().map(|some| client.lookup_transfers(&looked_up(some))).collect();
    for (some, look_up) in events.iter().zip(look_ups) {
        assert_eq!(ids(&wait(look_up).unwrap()), [ids(some), ids(some)].concat());
    }
}

fn calls_of_many_threads_are_told_apart(fixture: &mut Fixture) {
    let client = &fixture.client;
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for number in 0..50 {
                    let events = transfers(400_000 + 1000 * thread + 10 * number, 2);
                    assert_eq!(wait(client.create_transfers(&events)).unwrap().len(), 2);
                    assert_eq!(ids(&wait(client.lookup_transfers(&ids(&events))).unwrap()), ids(&events));
                }
            });
        }
    });
}

fn a_chain_does_not_reach_beyond_its_call_though_calls_travel_together(fixture: &mut Fixture) {
    let linked = |id| tb::Transfer { flags: tb::TransferFlags::Linked, ..transfer(id) };
    let calls: Vec<_> = (450_000..450_100).map(|id| fixture.client.create_transfers(&[linked(id)])).collect();
    for call in calls {
        assert_eq!(wait(call).unwrap()[0].status, tb::CreateTransferStatus::LinkedEventChainOpen);
    }
}

fn one_session_after_the_other_while_one_goes_on_reading(fixture: &mut Fixture) {
    for id in 500_000..500_005 {
        let writer = fixture.connect();
        wait(writer.create_transfers(&[transfer(id)])).unwrap();
        wait(writer.close()).unwrap();
        assert_eq!(wait(fixture.client.lookup_transfers(&[id])).unwrap().len(), 1);
    }
}

fn a_session_outlives_a_crash_of_the_server_and_calls_that_were_under_way_then_are_answered(fixture: &mut Fixture) {
    wait(fixture.client.create_transfers(&[transfer(600_000)])).unwrap();
    let calls: Vec<_> = (600_001..600_201).map(|id| fixture.client.create_transfers(&[transfer(id)])).collect();
    fixture.server.kill_and_restart();
    for call in calls {
        assert_eq!(wait(call).unwrap()[0].status, tb::CreateTransferStatus::Created);
    }
    let results = wait(fixture.client.create_transfers(&[transfer(600_300), transfer(600_000)])).unwrap();
    assert_eq!(results[0].status, tb::CreateTransferStatus::Created);
    assert_eq!(results[1].status, tb::CreateTransferStatus::Exists);
    assert_eq!(wait(fixture.client.lookup_transfers(&ids(&transfers(600_000, 201)))).unwrap().len(), 201);
}

fn both_listeners_work_on_one_ledger(fixture: &mut Fixture) {
    wait(fixture.client.create_transfers(&[tb::Transfer { amount: 123_456, ..transfer(700_000) }])).unwrap();
    assert!(fixture.server.ask(&["lookup", "transfer", "700000"]).contains("123456"));
}

macro_rules! run {
    ($fixture:ident, $($test:ident)*) => {{
        let mut passed = 0;
        $(
            let begin = Instant::now();
            $test(&mut $fixture);
            println!("ok {} ({} ms)", stringify!($test), begin.elapsed().as_millis());
            passed += 1;
        )*
        println!("{passed} passed, 0 failed");
    }};
}

fn main() {
    let server = Server::start();
    let client = connect(&server);
    let mut fixture = Fixture { server, client };
    run!(fixture,
        every_word_of_the_conversation_is_answered_as_it_should_be
        queries_find_what_they_should
        a_history_of_more_than_one_page_page_by_page_and_many_queries_at_once
        look_ups_give_what_is_there_in_the_order_asked_for
        nothing_asked_for_is_nothing_done
        the_largest_batches
        calls_of_many_at_once_are_told_apart
        calls_of_many_threads_are_told_apart
        a_chain_does_not_reach_beyond_its_call_though_calls_travel_together
        one_session_after_the_other_while_one_goes_on_reading
        a_session_outlives_a_crash_of_the_server_and_calls_that_were_under_way_then_are_answered
        both_listeners_work_on_one_ledger);
    wait(fixture.client.close()).unwrap();
    assert!(fixture.server.stop().success());
}
