import com.tigerbeetle.CreateAccountResultBatch;
import com.tigerbeetle.CreateTransferResultBatch;
import java.util.ArrayList;
import java.util.List;

/** What became of each event of a call, by the client's names. From release 0.17 on there is a result for each. */
final class Results {
    private Results() {}

    static List<String> statuses(CreateAccountResultBatch results, int events) {
        var statuses = new ArrayList<String>();
        while (results.next()) statuses.add(results.getStatus().name());
        return statuses;
    }

    static List<String> statuses(CreateTransferResultBatch results, int events) {
        var statuses = new ArrayList<String>();
        while (results.next()) statuses.add(results.getStatus().name());
        return statuses;
    }
}
