import com.tigerbeetle.AccountBatch;
import com.tigerbeetle.Client;
import com.tigerbeetle.CreateTransferResultBatch;
import com.tigerbeetle.TransferBatch;
import com.tigerbeetle.UInt128;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;

/**
 * Calls a second of the official Java client. Run by bench/run_tigerbeetle.
 *
 * <pre>JavaCalls HOST:PORT CONCURRENCY BATCH SECONDS</pre>
 */
public final class JavaCalls {
    private static final int ACCOUNTS = 1000;
    private static final double WARM_UP_S = 2;  // what is called often must be compiled

    private final Client client;
    private final int concurrency;
    private final int batch;
    private final long prefix = new SecureRandom().nextLong();
    private long number = 0;
    private long answered = 0;

    private JavaCalls(String address, int concurrency, int batch) {
        client = new Client(UInt128.asBytes(0), new String[] {address});
        this.concurrency = concurrency;
        this.batch = batch;
    }

    private void createAccounts() throws InterruptedException {
        var accounts = new AccountBatch(ACCOUNTS);
        for (int id = 1; id <= ACCOUNTS; ++id) {
            accounts.add();
            accounts.setId(id);
            accounts.setLedger(1);
            accounts.setCode(1);
        }
        client.createAccounts(accounts);
    }

    private TransferBatch transfers() {
        var transfers = new TransferBatch(batch);
        for (int i = 0; i < batch; ++i) {
            transfers.add();
            transfers.setId(++number, prefix);
            transfers.setDebitAccountId(1 + number % ACCOUNTS);
            transfers.setCreditAccountId(1 + (number + 1) % ACCOUNTS);
            transfers.setAmount(1);
            transfers.setLedger(1);
            transfers.setCode(1);
        }
        return transfers;
    }

    /** Keeps so many calls open; seconds until the last is answered. */
    private double callFor(double seconds) {
        var open = new ArrayDeque<CompletableFuture<CreateTransferResultBatch>>();
        var begin = System.nanoTime();
        answered = 0;
        while (System.nanoTime() - begin < 1e9 * seconds) {
            if (open.size() == concurrency) await(open);
            open.add(client.createTransfersAsync(transfers()));
        }
        while (!open.isEmpty()) await(open);
        return (System.nanoTime() - begin) / 1e9;
    }

    private void await(ArrayDeque<CompletableFuture<CreateTransferResultBatch>> open) {
        var results = open.remove().join();
        if (!Results.statuses(results, batch).stream().allMatch("Created"::equals)) throw new AssertionError("a transfer was not created");
        ++answered;
    }

    public static void main(String[] arguments) throws InterruptedException {
        var calls = new JavaCalls(arguments[0], Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
        calls.createAccounts();
        calls.callFor(WARM_UP_S);
        var seconds = calls.callFor(Double.parseDouble(arguments[3]));
        System.out.printf("{\"calls\": %d, \"seconds\": %s}%n", calls.answered, seconds);
        calls.client.close();
    }
}
