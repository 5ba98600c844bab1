import com.tigerbeetle.AccountBatch;
import com.tigerbeetle.AccountFilter;
import com.tigerbeetle.AccountFlags;
import com.tigerbeetle.Batch;
import com.tigerbeetle.Client;
import com.tigerbeetle.IdBatch;
import com.tigerbeetle.QueryFilter;
import com.tigerbeetle.TransferBatch;
import com.tigerbeetle.TransferFlags;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Speaks the conversation of conversation.txt, where its words are explained. */
final class Conversation {
    private static final BigInteger MAX = BigInteger.ONE.shiftLeft(128).subtract(BigInteger.ONE);
    private static final Map<String, String> ACCOUNT = Map.of("ledger", "1", "code", "1");
    private static final Map<String, String> TRANSFER =
            Map.of("debit_account_id", "1", "credit_account_id", "2", "amount", "1", "ledger", "1", "code", "1");

    private final Client client;

    Conversation(Client client) {
        this.client = client;
    }

    /** Says all of a file. */
    void speak(Path file) throws Exception {
        var call = new ArrayList<String>();
        var lines = new ArrayList<>(Files.readAllLines(file));
        lines.add("");
        for (var line : lines) {
            if (line.startsWith("#")) continue;
            if (line.startsWith("account ") || line.startsWith("transfer ")) {
                call.add(line);
                continue;
            }
            if (!call.isEmpty()) create(call);
            call.clear();
            if (!line.isEmpty()) say(line);
        }
    }

    private void create(List<String> call) throws Exception {
        var isAccounts = call.get(0).startsWith("account");
        var accounts = new AccountBatch(call.size());
        var transfers = new TransferBatch(call.size());
        for (var line : call) {
            var words = Arrays.asList(line.split("\\s+"));
            var fields = new LinkedHashMap<>(isAccounts ? ACCOUNT : TRANSFER);
            fields.putAll(fieldsOf(words.subList(2, words.size())));
            Batch event = isAccounts ? accounts : transfers;
            event.add();
            for (var field : fields.entrySet()) Fields.set(event, field.getKey(), value(isAccounts, field.getKey(), field.getValue()));
        }
        var statuses = isAccounts ? Results.statuses(client.createAccounts(accounts), call.size())
                : Results.statuses(client.createTransfers(transfers), call.size());
        for (int i = 0; i < call.size(); ++i) Check.equal(statuses.get(i), Fields.pascal(call.get(i).split("\\s+")[1]), call.get(i));
        Check.equal(statuses.size(), call.size(), "results");
    }

    private void say(String line) throws Exception {
        var words = Arrays.asList(line.split("\\s+"));
        if (words.get(0).equals("pause")) {
            Thread.sleep(Long.parseLong(words.get(1)));
            return;
        }
        if (line.contains("->")) {
            query(line.substring(0, line.indexOf("->")), line.substring(line.indexOf("->") + 2).trim(), line);
            return;
        }
        var isAccount = words.get(0).endsWith("_account");
        var fields = fieldsOf(words.subList(1, words.size()));
        var found = lookUp(isAccount, number(fields.get("id")));
        Check.equal(found.getLength(), words.get(0).startsWith("find_") ? 1 : 0, line);
        if (!found.next()) return;
        for (var field : fields.entrySet()) {
            Check.equal(Fields.get(found, field.getKey()), value(isAccount, field.getKey(), field.getValue()), field.getKey() + ": " + line);
        }
    }

    private void query(String question, String rows, String line) throws Exception {
        var words = Arrays.asList(question.split("\\s+"));
        var fields = fieldsOf(words.subList(1, words.size()));
        var found = switch (words.get(0)) {
            case "get_account_transfers" -> client.getAccountTransfers(filter(new AccountFilter(), fields, "debits", "credits", "reversed"));
            case "get_account_balances" -> client.getAccountBalances(filter(new AccountFilter(), fields, "debits", "credits", "reversed"));
            case "query_accounts" -> client.queryAccounts(filter(new QueryFilter(), fields, "reversed"));
            case "query_transfers" -> client.queryTransfers(filter(new QueryFilter(), fields, "reversed"));
            default -> throw new AssertionError("nobody understands: " + line);
        };
        for (var row : rows.isEmpty() ? new String[0] : rows.split("\\s+")) {
            Check.holds(found.next(), "no " + row + ": " + line);
            var parts = row.split(":");
            Check.equal(Fields.get(found, "timestamp"), number(parts[0]), row + ": " + line);
            for (int i = 1; i < parts.length; i += 2) Check.equal(Fields.get(found, parts[i]), number(parts[i + 1]), row + ": " + line);
        }
        Check.holds(!found.next(), "more rows: " + line);
    }

    /** Flags of filters are properties of their own. */
    private <Filter> Filter filter(Filter filter, Map<String, String> fields, String... flags) throws Exception {
        var set = Arrays.asList(fields.getOrDefault("flags", "").split("\\|"));
        for (var flag : flags) filter.getClass().getMethod("set" + Fields.pascal(flag), boolean.class).invoke(filter, set.contains(flag));
        for (var field : fields.entrySet()) {
            if (!field.getKey().equals("flags")) Fields.set(filter, field.getKey(), number(field.getValue()));
        }
        return filter;
    }

    private Batch lookUp(boolean isAccount, BigInteger id) throws InterruptedException {
        var ids = new IdBatch(1);
        ids.add(id.longValue(), id.shiftRight(64).longValue());
        return isAccount ? client.lookupAccounts(ids) : client.lookupTransfers(ids);
    }

    private static Map<String, String> fieldsOf(List<String> words) {
        var fields = new LinkedHashMap<String, String>();
        for (var word : words) fields.put(word.substring(0, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
        return fields;
    }

    private BigInteger value(boolean isAccount, String name, String text) throws Exception {
        if (!name.equals("flags") || Character.isDigit(text.charAt(0))) return number(text);
        var flags = 0;
        for (var flag : text.split("\\|")) flags |= (isAccount ? AccountFlags.class : TransferFlags.class).getField(flag.toUpperCase()).getInt(null);
        return BigInteger.valueOf(flags);
    }

    private BigInteger number(String text) throws Exception {
        if (text.equals("max")) return MAX;
        if (!text.startsWith("@")) return new BigInteger(text);
        var parts = text.substring(1).split("\\+");
        var id = new BigInteger(parts[0]);
        var found = lookUp(id.compareTo(BigInteger.valueOf(100)) < 0, id);
        found.next();
        return Fields.get(found, "timestamp").add(new BigInteger(parts.length > 1 ? parts[1] : "0"));
    }
}
