import com.tigerbeetle.CreateAccountResultBatch;
import com.tigerbeetle.CreateTransferResultBatch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What became of each event of a call, by the client's names of release 0.17. Before it there was a result for each that failed. */
final class Results {
    private Results() {}

    static List<String> statuses(CreateAccountResultBatch results, int events) {
        var statuses = allCreated(events);
        while (results.next()) statuses.set(results.getIndex(), results.getResult().name());
        return statuses;
    }

    static List<String> statuses(CreateTransferResultBatch results, int events) {
        var statuses = allCreated(events);
        while (results.next()) statuses.set(results.getIndex(), results.getResult().name());
        return statuses;
    }

    private static List<String> allCreated(int events) {
        return new ArrayList<>(Collections.nCopies(events, "Created"));
    }
}
