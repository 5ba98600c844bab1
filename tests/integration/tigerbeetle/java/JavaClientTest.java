import com.tigerbeetle.AccountBatch;
import com.tigerbeetle.AccountFilter;
import com.tigerbeetle.Client;
import com.tigerbeetle.CreateTransferResultBatch;
import com.tigerbeetle.IdBatch;
import com.tigerbeetle.RequestException;
import com.tigerbeetle.TransferBatch;
import com.tigerbeetle.TransferFlags;
import com.tigerbeetle.UInt128;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;

/** The official Java client, unmodified, against florin. The arguments are the two parts of the conversation. */
public final class JavaClientTest {
    private static final int BATCH_MAX = 8189;

    private final Path conversation;
    private final Path queries;
    private final Server server;
    private final Client client;

    private JavaClientTest(Path conversation, Path queries) throws Exception {
        this.conversation = conversation;
        this.queries = queries;
        server = new Server();
        client = connect();
    }

    private Client connect() {
        return new Client(UInt128.asBytes(0), new String[] {server.address()});
    }

    private static void add(TransferBatch batch, long id, long amount, int flags) {
        batch.add();
        batch.setId(id);
        batch.setDebitAccountId(1);
        batch.setCreditAccountId(2);
        batch.setAmount(amount);
        batch.setLedger(1);
        batch.setCode(1);
        batch.setFlags(flags);
    }

    private static TransferBatch transfers(List<Long> ids) {
        var batch = new TransferBatch(ids.size());
        for (var id : ids) add(batch, id, 1, TransferFlags.NONE);
        return batch;
    }

    private static TransferBatch transfer(long id) {
        return transfers(List.of(id));
    }

    private static IdBatch idBatch(List<Long> ids) {
        var batch = new IdBatch(ids.size());
        for (var id : ids) batch.add(id);
        return batch;
    }

    private static List<Long> range(long begin, long count) {
        return LongStream.range(begin, begin + count).boxed().toList();
    }

    private static List<Long> idsOf(TransferBatch found) {
        var ids = new ArrayList<Long>();
        while (found.next()) ids.add(found.getId(UInt128.LeastSignificant));
        return ids;
    }

    private static List<Long> joined(List<Long> first, List<Long> second) {
        var all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }

    private List<Long> lookUp(List<Long> ids) throws InterruptedException {
        return idsOf(client.lookupTransfers(idBatch(ids)));
    }

    /** The first of all: it wants an empty ledger. */
    private void everyWordOfTheConversationIsAnsweredAsItShouldBe() throws Exception {
        new Conversation(client).speak(conversation);
    }

    private void queriesFindWhatTheyShould() throws Exception {
        new Conversation(client).speak(queries);
    }

    private void aHistoryOfMoreThanOnePagePageByPageAndManyQueriesAtOnce() throws Exception {
        var accounts = new AccountBatch(2);
        for (int id = 60; id <= 61; ++id) {
            accounts.add();
            accounts.setId(id);
            accounts.setLedger(1);
            accounts.setCode(1);
        }
        client.createAccounts(accounts);
        var ids = range(800_000, BATCH_MAX + 1000);
        for (var some : List.of(ids.subList(0, BATCH_MAX), ids.subList(BATCH_MAX, ids.size()))) {
            var batch = transfers(some);
            batch.beforeFirst();
            while (batch.next()) {
                batch.setDebitAccountId(60);
                batch.setCreditAccountId(61);
            }
            client.createTransfers(batch);
        }
        var timestamps = new ArrayList<Long>();
        for (long from = 0; timestamps.size() < ids.size(); from = timestamps.get(timestamps.size() - 1) + 1) {
            var page = client.getAccountTransfers(debitsOf(60, from, BATCH_MAX));
            Check.equal(page.getLength(), timestamps.isEmpty() ? BATCH_MAX : 1000, "rows");
            while (page.next()) timestamps.add(page.getTimestamp());
            page.beforeFirst();
            Check.equal(idsOf(page), ids.subList(timestamps.size() - page.getLength(), timestamps.size()), "page");
        }
        var answers = new ArrayList<CompletableFuture<TransferBatch>>();
        for (int i = 0; i < 200; ++i) answers.add(client.getAccountTransfersAsync(debitsOf(60, timestamps.get(i * 40), i % 7)));
        for (int i = 0; i < 200; ++i) Check.equal(idsOf(answers.get(i).get(30, TimeUnit.SECONDS)), ids.subList(i * 40, i * 40 + i % 7), "rows");
    }

    private static AccountFilter debitsOf(long account, long from, int limit) {
        var filter = new AccountFilter();
        filter.setAccountId(account);
        filter.setTimestampMin(from);
        filter.setLimit(limit);
        filter.setDebits(true);
        filter.setCredits(false);
        return filter;
    }

    private void lookUpsGiveWhatIsThereInTheOrderAskedFor() throws Exception {
        Check.equal(lookUp(List.of(121L, 777L, 100L, 121L)), List.of(121L, 100L, 121L), "found");
        Check.equal(lookUp(List.of(777L)), List.of(), "found");
    }

    private void theLargestBatches() throws Exception {
        var ids = range(100_000, BATCH_MAX);
        Check.equal(Results.statuses(client.createTransfers(transfers(ids)), BATCH_MAX), Collections.nCopies(BATCH_MAX, "Created"), "statuses");
        Check.equal(lookUp(ids), ids, "found");
        try {
            client.createTransfers(transfers(range(200_000, BATCH_MAX + 2)));
            throw new AssertionError("too much data was sent");
        } catch (RequestException expected) {
            Check.equal(lookUp(List.of(200_000L)), List.of(), "sent all the same");
        }
    }

    /** A client must not be called by the thread that completes its calls, so look-ups begin when all is created. */
    private void callsOfManyAtOnceAreToldApart() throws Exception {
        var creations = new ArrayList<CompletableFuture<CreateTransferResultBatch>>();
        for (long number = 0; number < 1000; ++number) creations.add(client.createTransfersAsync(transfers(idsOfCall(number))));
        for (int number = 0; number < 1000; ++number) {
            var statuses = Results.statuses(creations.get(number).get(30, TimeUnit.SECONDS), 1 + number % 3);
            Check.equal(statuses, Collections.nCopies(1 + number % 3, "Created"), "statuses");
        }
        var lookUps = new ArrayList<CompletableFuture<TransferBatch>>();
        for (long number = 0; number < 1000; ++number) {
            var ids = idsOfCall(number);
            lookUps.add(client.lookupTransfersAsync(idBatch(joined(ids, joined(List.of(299_999L), ids)))));
        }
        for (int number = 0; number < 1000; ++number) {
            var ids = idsOfCall(number);
            Check.equal(idsOf(lookUps.get(number).get(30, TimeUnit.SECONDS)), joined(ids, ids), "found");
        }
    }

    private static List<Long> idsOfCall(long number) {
        return range(300_000 + 10 * number, 1 + number % 3);
    }

    private void callsOfManyThreadsAreToldApart() throws Exception {
        var threads = Executors.newFixedThreadPool(8);
        var done = new ArrayList<Future<?>>();
        for (long thread = 0; thread < 8; ++thread) {
            var first = 400_000 + 1000 * thread;
            done.add(threads.submit(() -> {
                for (long number = 0; number < 50; ++number) {
                    var ids = range(first + 10 * number, 2);
                    client.createTransfers(transfers(ids));
                    Check.equal(lookUp(ids), ids, "found");
                }
                return null;
            }));
        }
        for (var one : done) one.get(30, TimeUnit.SECONDS);
        threads.shutdown();
    }

    private void aChainDoesNotReachBeyondItsCallThoughCallsTravelTogether() throws Exception {
        var calls = new ArrayList<CompletableFuture<CreateTransferResultBatch>>();
        for (var id : range(450_000, 100)) {
            var linked = new TransferBatch(1);
            add(linked, id, 1, TransferFlags.LINKED);
            calls.add(client.createTransfersAsync(linked));
        }
        for (var call : calls) Check.equal(Results.statuses(call.get(30, TimeUnit.SECONDS), 1), List.of("LinkedEventChainOpen"), "statuses");
    }

    private void oneSessionAfterTheOtherWhileOneGoesOnReading() throws Exception {
        for (var id : range(500_000, 5)) {
            try (var writer = connect()) {
                writer.createTransfers(transfer(id));
            }
            Check.equal(lookUp(List.of(id)), List.of(id), "found");
        }
    }

    private void aSessionOutlivesACrashOfTheServerAndCallsThatWereUnderWayThenAreAnswered() throws Exception {
        client.createTransfers(transfer(600_000));
        var calls = range(600_001, 200).stream().map(id -> client.createTransfersAsync(transfer(id))).toList();
        server.killAndRestart();
        for (var call : calls) Check.equal(Results.statuses(call.get(30, TimeUnit.SECONDS), 1), List.of("Created"), "statuses");
        Check.equal(Results.statuses(client.createTransfers(transfers(List.of(600_300L, 600_000L))), 2), List.of("Created", "Exists"), "statuses");
        Check.equal(lookUp(range(600_000, 201)).size(), 201, "found");
    }

    private void bothListenersWorkOnOneLedger() throws Exception {
        var batch = new TransferBatch(1);
        add(batch, 700_000, 123_456, TransferFlags.NONE);
        client.createTransfers(batch);
        Check.holds(server.ask("lookup", "transfer", "700000").contains("123456"), "the native client does not find it");
    }

    private interface Test {
        void run() throws Exception;
    }

    private int passed = 0;

    private void run(String name, Test test) throws Exception {
        var begin = System.nanoTime();
        test.run();
        System.out.printf("ok %s (%d ms)%n", name, (System.nanoTime() - begin) / 1_000_000);
        ++passed;
    }

    private void runAll() throws Exception {
        run("every word of the conversation is answered as it should be", this::everyWordOfTheConversationIsAnsweredAsItShouldBe);
        run("queries find what they should", this::queriesFindWhatTheyShould);
        run("a history of more than one page, page by page, and many queries at once", this::aHistoryOfMoreThanOnePagePageByPageAndManyQueriesAtOnce);
        run("look-ups give what is there in the order asked for", this::lookUpsGiveWhatIsThereInTheOrderAskedFor);
        run("the largest batches", this::theLargestBatches);
        run("calls of many at once are told apart", this::callsOfManyAtOnceAreToldApart);
        run("calls of many threads are told apart", this::callsOfManyThreadsAreToldApart);
        run("a chain does not reach beyond its call, though calls travel together", this::aChainDoesNotReachBeyondItsCallThoughCallsTravelTogether);
        run("one session after the other while one goes on reading", this::oneSessionAfterTheOtherWhileOneGoesOnReading);
        run("a session outlives a crash of the server, and calls that were under way then are answered",
                this::aSessionOutlivesACrashOfTheServerAndCallsThatWereUnderWayThenAreAnswered);
        run("both listeners work on one ledger", this::bothListenersWorkOnOneLedger);
        client.close();
        Check.equal(server.stop(), 0, "exit code of the server");
        System.out.printf("%d passed, 0 failed%n", passed);
    }

    public static void main(String[] arguments) throws Exception {
        new JavaClientTest(Path.of(arguments[0]), Path.of(arguments[1])).runAll();
    }
}
